package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.CachedModel;
import dev.quern.store.ModelLocator;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;

/** {@code quern list}: the models that can be served by name. */
final class ListCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String ROW = "%-44s %-12s %-24s %10s %9s%n";

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
    ModelLocator locator = new ModelLocator(console.environment());
    List<CachedModel> cached = locator.list();
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(json(cached).toPrettyString());
      return ExitCodes.DONE;
    }
    console.out().printf(ROW, "MODEL", "REVISION", "ARCHITECTURE", "PARAMETERS", "SIZE");
    console.out().printf(ROW, ModelLoader.DEMO, "", "part of this jar", "", "");
    for (CachedModel model : cached) {
      console
          .out()
          .printf(
              ROW,
              model.name(),
              shortened(model.revision()),
              model.architecture().orElse("cannot be served"),
              model.parameters() == 0 ? "" : Units.count(model.parameters()),
              Units.bytes(model.bytes()));
    }
    console.say("Hub cache: " + locator.cacheFolder());
    return ExitCodes.DONE;
  }

  private static ArrayNode json(List<CachedModel> cached) {
    ArrayNode rows = JSON.createArrayNode();
    rows.addObject().put("model", ModelLoader.DEMO).put("source", "jar");
    for (CachedModel model : cached) {
      ObjectNode row = rows.addObject();
      row.put("model", model.name()).put("source", "hub cache").put("revision", model.revision());
      row.put("folder", model.folder().toString());
      model.architecture().ifPresent(architecture -> row.put("architecture", architecture));
      model.type().ifPresent(type -> row.put("type", type.name()));
      row.put("parameters", model.parameters()).put("bytes", model.bytes());
      row.put("last_used", model.lastUsed().toString());
      model.problem().ifPresent(problem -> row.put("problem", problem));
    }
    return rows;
  }

  /** A commit's first characters say enough. */
  private static String shortened(String revision) {
    return revision.length() > 12 ? revision.substring(0, 12) : revision;
  }
}
