package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.cache.CacheVerifier;
import dev.quern.store.cache.CachedRepository;
import dev.quern.store.cache.FileCheck;
import dev.quern.store.cache.ReadTimes;
import dev.quern.store.cache.VerifyListener;
import dev.quern.supplier.cli.terminal.ProgressDisplay;
import dev.quern.supplier.cli.terminal.Transfer;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;
import java.util.stream.Stream;

/** {@code quern verify [MODEL...]}: hashes models in the hub's cache anew. */
final class VerifyCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();

  /** Hashing one file a core is as fast as disks are; more threads only make them seek. */
  private static final int MOST_THREADS = 4;

  @Override
  public String name() {
    return "verify";
  }

  @Override
  public String words() {
    return "[ORG/NAME...]";
  }

  @Override
  public String purpose() {
    return "hash the files of models in the hub cache anew";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    boolean json = CommandOptions.isOn(CommandOptions.JSON, arguments);
    List<CacheVerifier.Subject> subjects = subjects(arguments, console);
    List<FileCheck> checks = verify(subjects, json, console);
    if (json) {
      console.out().println(json(checks).toPrettyString());
    } else {
      print(subjects, checks, console);
    }
    return checks.stream().anyMatch(FileCheck::isBad) ? ExitCodes.FAULT : ExitCodes.DONE;
  }

  private static List<CacheVerifier.Subject> subjects(Arguments arguments, Console console) {
    CacheReferences references = new CacheReferences(console.environment());
    List<CacheReferences.Selection> selections =
        arguments.words().isEmpty()
            ? references.scanner().scan().stream().map(VerifyCommand::whole).toList()
            : arguments.words().stream().distinct().map(references::select).toList();
    return selections.stream()
        .flatMap(
            selection ->
                selection.revisions().stream()
                    .map(revision -> new CacheVerifier.Subject(selection.repository(), revision)))
        .toList();
  }

  private static CacheReferences.Selection whole(CachedRepository repository) {
    return new CacheReferences.Selection(repository, repository.revisions());
  }

  private static List<FileCheck> verify(
      List<CacheVerifier.Subject> subjects, boolean json, Console console) {
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MOST_THREADS);
    CacheVerifier verifier = new CacheVerifier(threads);
    Transfer transfer =
        new Transfer(CacheVerifier.contentCount(subjects), CacheVerifier.bytes(subjects));
    try (ReadTimes _ =
        ReadTimes.of(subjects.stream().map(CacheVerifier.Subject::revision).toList())) {
      if (json) {
        return verifier.verify(subjects, new Reporter(transfer));
      }
      try (ProgressDisplay _ =
          ProgressDisplay.forPerson(transfer, console.err(), console.display().get())) {
        return verifier.verify(subjects, new Reporter(transfer));
      }
    }
  }

  private record Reporter(Transfer transfer) implements VerifyListener {
    @Override
    public void started(String name, long bytes) {
      transfer.started(name, bytes, 0);
    }

    @Override
    public void bytes(String name, long count) {
      transfer.advanced(name, count);
    }

    @Override
    public void finished(String name, long bytes, FileCheck.Verdict verdict) {
      transfer.finishedQuietly(name);
    }
  }

  private static void print(
      List<CacheVerifier.Subject> subjects, List<FileCheck> checks, Console console) {
    List<FileCheck> notSound =
        checks.stream().filter(check -> check.verdict() != FileCheck.Verdict.SOUND).toList();
    for (FileCheck check : notSound) {
      console
          .out()
          .println(
              "%s: %s/%s: %s"
                  .formatted(
                      check.verdict().label(), reference(check), check.path(), check.detail()));
    }
    List<FileCheck> bad = notSound.stream().filter(FileCheck::isBad).toList();
    console.say(
        "Verified %s of %s, %s: %s"
            .formatted(
                Units.of(checks.size(), "file"),
                Units.of(subjects.size(), "revision"),
                Units.bytes(CacheVerifier.bytes(subjects)),
                bad.isEmpty() ? "none is bad" : bad.size() + " bad"));
    Stream<String> broken = bad.stream().map(VerifyCommand::reference).distinct();
    broken.forEach(
        reference ->
            console.say("  'quern pull " + reference + "' fetches what is bad of it anew"));
  }

  private static String reference(FileCheck check) {
    return check.repository().name() + "@" + check.revision().name();
  }

  private static ObjectNode json(List<FileCheck> checks) {
    ObjectNode json = JSON.createObjectNode();
    json.put("bad", checks.stream().filter(FileCheck::isBad).count());
    ArrayNode rows = json.putArray("files");
    for (FileCheck check : checks) {
      ObjectNode row = rows.addObject().put("model", check.repository().name());
      row.put("revision", check.revision().name()).put("commit", check.revision().commit());
      row.put("path", check.path()).put("bytes", check.bytes());
      row.put("verdict", check.verdict().label());
      if (!check.detail().isEmpty()) {
        row.put("detail", check.detail());
      }
    }
    return json;
  }
}
