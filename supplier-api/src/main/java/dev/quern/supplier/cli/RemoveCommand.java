package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import dev.quern.store.cache.CachedRevision;
import dev.quern.store.cache.Removal;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;

/** {@code quern rm MODEL...}: takes models out of the hub's cache. */
final class RemoveCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();

  @Override
  public String name() {
    return "rm";
  }

  @Override
  public String words() {
    return "ORG/NAME[@REVISION]...";
  }

  @Override
  public String purpose() {
    return "remove models, or revisions of them, from the hub cache";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(CommandOptions.YES, CommandOptions.DRY_RUN, CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (arguments.words().isEmpty()) {
      throw QuernException.badRequest("model", "rm takes models: quern rm ORG/NAME[@REVISION]");
    }
    CacheReferences references = new CacheReferences(console.environment());
    // All are looked for before any is removed: a mistyped name leaves everything as it is.
    List<Removal> removals =
        arguments.words().stream().distinct().map(word -> planned(word, references)).toList();
    boolean json = CommandOptions.isOn(CommandOptions.JSON, arguments);
    boolean dry = CommandOptions.isOn(CommandOptions.DRY_RUN, arguments);
    removals.forEach(removal -> console.say(announcement(removal)));
    if (!dry && !isAgreed(arguments, console)) {
      console.say("Nothing was removed");
      return ExitCodes.DONE;
    }
    ArrayNode rows = JSON.createArrayNode();
    for (Removal removal : removals) {
      Removal.Outcome outcome = dry ? new Removal.Outcome(removal.bytesToFree(), 0) : removal.run();
      if (!dry) {
        console.say(result(removal, outcome));
      }
      rows.add(json(removal, outcome, dry));
    }
    if (json) {
      console.out().println(rows.toPrettyString());
    }
    return ExitCodes.DONE;
  }

  private static Removal planned(String word, CacheReferences references) {
    CacheReferences.Selection selection = references.select(word);
    return word.indexOf('@') < 0
        ? Removal.ofAll(selection.repository())
        : Removal.of(selection.repository(), selection.revisions());
  }

  private static boolean isAgreed(Arguments arguments, Console console) {
    if (CommandOptions.isOn(CommandOptions.YES, arguments)) {
      return true;
    }
    if (!console.interactive()) {
      throw QuernException.badRequest(
          "yes", "rm asks before it removes, and here is nobody to answer: add --yes");
    }
    return console.confirms("Remove?");
  }

  private static String announcement(Removal removal) {
    StringBuilder text = new StringBuilder(title(removal));
    text.append(" frees ").append(Units.bytes(removal.bytesToFree()));
    if (removal.bytesShared() > 0) {
      text.append("; ")
          .append(Units.bytes(removal.bytesShared()))
          .append(" stay, because other revisions use them");
    }
    return text.toString();
  }

  private static String title(Removal removal) {
    List<String> names = removal.revisions().stream().map(CachedRevision::name).toList();
    String name = removal.repository().name();
    return switch (names.size()) {
      case 0 -> name + " (the part of a download)";
      case 1 -> name + "@" + names.getFirst();
      default ->
          name + " (" + Units.of(names.size(), "revision") + ": " + String.join(", ", names) + ")";
    };
  }

  private static String result(Removal removal, Removal.Outcome outcome) {
    return "Removed "
        + title(removal)
        + ": "
        + Units.bytes(outcome.freedBytes())
        + " freed"
        + (outcome.keptContents() == 0
            ? ""
            : "; " + Units.of(outcome.keptContents(), "file") + " stay, a download writes them");
  }

  private static ObjectNode json(Removal removal, Removal.Outcome outcome, boolean dry) {
    ObjectNode row = JSON.createObjectNode().put("model", removal.repository().name());
    ArrayNode revisions = row.putArray("revisions");
    removal.revisions().forEach(revision -> revisions.add(revision.commit()));
    return row.put("removed", !dry)
        .put("freed_bytes", outcome.freedBytes())
        .put("shared_bytes", removal.bytesShared())
        .put("kept_files", outcome.keptContents());
  }
}
