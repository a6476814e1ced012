package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ModelDescription;
import dev.quern.store.QuernException;
import dev.quern.store.cache.CachedRepository;
import dev.quern.store.cache.CachedRevision;
import dev.quern.store.cache.ReadTimes;
import dev.quern.store.cache.StoredBlob;
import dev.quern.supplier.cli.terminal.Table;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** {@code quern list}: the models that can be served by name. */
final class ListCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int COMMIT_CHARACTERS = 12;

  /** A revision in the cache and what it is. */
  private record Row(CachedRepository model, CachedRevision revision, ModelDescription what) {}

  @Override
  public String name() {
    return "list";
  }

  @Override
  public String words() {
    return "";
  }

  @Override
  public String purpose() {
    return "list the demo model and the models in the hub cache";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (!arguments.words().isEmpty()) {
      throw QuernException.badRequest(
          "command",
          "list takes no model, and '"
              + arguments.words().getFirst()
              + "' is one too many; quern show tells about a model");
    }
    CacheReferences references = new CacheReferences(console.environment());
    List<CachedRepository> models = references.scanner().scan();
    List<Row> rows = rows(models);
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(json(models, rows).toPrettyString());
      return ExitCodes.DONE;
    }
    print(models, rows, console);
    console.say("Hub cache: " + references.cache().root());
    return ExitCodes.DONE;
  }

  private static List<Row> rows(List<CachedRepository> models) {
    List<Row> rows = new ArrayList<>();
    for (CachedRepository model : models) {
      for (CachedRevision revision : model.revisions()) {
        try (ReadTimes _ = ReadTimes.of(revision)) {
          rows.add(new Row(model, revision, ModelDescription.of(revision.folder())));
        }
      }
    }
    return rows;
  }

  private static void print(List<CachedRepository> models, List<Row> rows, Console console) {
    Table table =
        new Table(4, "MODEL", "REVISION", "KIND", "DTYPE", "PARAMETERS", "SIZE", "LAST USED");
    table.row(ModelLoader.DEMO, "in the jar", "chat", "", "", "", "");
    Instant now = Instant.now();
    for (Row row : rows) {
      long parameters = row.what().parameters();
      table.row(
          row.model().name(),
          shortened(row.revision().name()),
          row.what().kind().label(),
          row.what().mainType().map(Enum::name).orElse(""),
          parameters == 0 ? "" : Units.count(parameters),
          Units.bytes(row.revision().bytes()),
          Units.ago(row.revision().lastUsed(), now));
    }
    for (CachedRepository model : models) {
      if (model.revisions().isEmpty() && !model.partials().isEmpty()) {
        table.row(model.name(), "", "partial", "", "", Units.bytes(partialBytes(model)), "");
      }
    }
    table.print(console.out());
  }

  private static ArrayNode json(List<CachedRepository> models, List<Row> rows) {
    ArrayNode array = JSON.createArrayNode();
    array.addObject().put("model", ModelLoader.DEMO).put("source", "jar").put("kind", "chat");
    for (Row row : rows) {
      ObjectNode json = array.addObject();
      json.put("model", row.model().name()).put("source", "hub cache");
      json.put("revision", row.revision().name()).put("commit", row.revision().commit());
      ArrayNode refs = json.putArray("refs");
      row.revision().refs().forEach(refs::add);
      json.put("folder", row.revision().folder().toString());
      json.put("kind", row.what().kind().label());
      row.what().architecture().ifPresent(name -> json.put("architecture", name));
      row.what().mainType().ifPresent(type -> json.put("dtype", type.name()));
      json.put("parameters", row.what().parameters()).put("bytes", row.revision().bytes());
      json.put("last_used", row.revision().lastUsed().toString());
      row.what().problem().ifPresent(problem -> json.put("problem", problem));
    }
    for (CachedRepository model : models) {
      if (model.revisions().isEmpty() && !model.partials().isEmpty()) {
        ObjectNode json = array.addObject();
        json.put("model", model.name()).put("source", "hub cache").put("kind", "partial");
        json.put("bytes", partialBytes(model));
      }
    }
    return array;
  }

  private static long partialBytes(CachedRepository model) {
    return model.partials().stream().mapToLong(StoredBlob::bytes).sum();
  }

  /** A commit's first characters say enough. */
  private static String shortened(String revision) {
    return revision.length() == 40 ? revision.substring(0, COMMIT_CHARACTERS) : revision;
  }
}
