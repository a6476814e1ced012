package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import dev.quern.store.cache.Pruning;
import dev.quern.supplier.cli.terminal.Table;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** {@code quern prune}: frees what no model in the hub's cache needs. */
final class PruneCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();

  @Override
  public String name() {
    return "prune";
  }

  @Override
  public String words() {
    return "";
  }

  @Override
  public String purpose() {
    return "free unused blobs and parts of broken-off pulls in the hub cache";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(CommandOptions.OLDER_THAN, CommandOptions.DRY_RUN, CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (!arguments.words().isEmpty()) {
      throw QuernException.badRequest(
          "command",
          "prune takes flags alone, and '"
              + arguments.words().getFirst()
              + "' is none; quern rm removes a model");
    }
    int hours = CommandOptions.valueOrDefault(CommandOptions.OLDER_THAN, arguments);
    boolean dry = CommandOptions.isOn(CommandOptions.DRY_RUN, arguments);
    CacheReferences references = new CacheReferences(console.environment());
    // A file's time may lie a little ahead of this clock; with 0 hours nothing is too young.
    Instant before = hours == 0 ? Instant.MAX : Instant.now().minus(Duration.ofHours(hours));
    Pruning pruning = Pruning.of(references.scanner().scan(), before);
    long freed = dry ? pruning.bytesToFree() : pruning.run().freedBytes();
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(json(pruning, freed, dry).toPrettyString());
    } else {
      print(pruning, freed, dry, hours, console);
    }
    return ExitCodes.DONE;
  }

  private static void print(Pruning pruning, long freed, boolean dry, int hours, Console console) {
    if (!pruning.items().isEmpty()) {
      Table table = new Table(3, "MODEL", "WHAT", "NAME", "SIZE");
      for (Pruning.Item item : pruning.items()) {
        table.row(
            item.repository().name(),
            item.kind().label(),
            shortened(item.content().name()),
            Units.bytes(item.content().bytes()));
      }
      table.print(console.out());
    }
    console.say((dry ? "Pruning would free " : "Freed ") + Units.bytes(freed));
    if (pruning.kept() > 0) {
      console.say(
          Units.of(pruning.kept(), "file")
              + " stay: a download writes them, or did in the last "
              + Units.of(hours, "hour")
              + " (--older-than)");
    }
  }

  private static ObjectNode json(Pruning pruning, long freed, boolean dry) {
    ObjectNode json = JSON.createObjectNode().put("removed", !dry).put("freed_bytes", freed);
    json.put("kept_files", pruning.kept());
    ArrayNode items = json.putArray("items");
    for (Pruning.Item item : pruning.items()) {
      items
          .addObject()
          .put("model", item.repository().name())
          .put("kind", item.kind().label())
          .put("file", item.content().file().toString())
          .put("bytes", item.content().bytes());
    }
    return json;
  }

  private static String shortened(String digest) {
    return digest.length() > 16 ? digest.substring(0, 16) : digest;
  }
}
