package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.Checkpoint;
import dev.quern.store.CheckpointSummary;
import dev.quern.store.QuernException;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.io.PrintStream;
import java.util.List;

/** {@code quern show MODEL}: what a checkpoint is, without loading it. */
final class ShowCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();

  @Override
  public String name() {
    return "show";
  }

  @Override
  public String words() {
    return "MODEL";
  }

  @Override
  public String purpose() {
    return "show architecture, sizes and licence of a model";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (arguments.words().size() != 1) {
      throw QuernException.badRequest("model", "show takes one model: quern show MODEL");
    }
    CheckpointSummary summary =
        CheckpointSummary.of(
            Checkpoint.open(
                ModelLoader.folder(arguments.words().getFirst(), configuration, console)));
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(json(summary).toPrettyString());
    } else {
      print(summary, console.out());
    }
    return ExitCodes.DONE;
  }

  private static void print(CheckpointSummary summary, PrintStream out) {
    row(out, "architecture", summary.architecture());
    row(out, "parameters", Units.count(summary.parameters()));
    summary
        .types()
        .forEach((type, count) -> row(out, "type", type + " (" + Units.count(count) + ")"));
    row(out, "weights", Units.bytes(summary.bytes()));
    summary.contextLength().ifPresent(tokens -> row(out, "context", tokens + " tokens"));
    summary
        .kvBytesPerToken()
        .ifPresent(bytes -> row(out, "KV cache", Units.bytes(bytes) + " a token"));
    row(out, "chat template", summary.chatTemplate() ? "yes" : "no");
    summary.licence().ifPresent(licence -> row(out, "licence", licence));
    row(out, "folder", summary.folder().toString());
  }

  private static void row(PrintStream out, String name, String value) {
    out.printf("%-14s %s%n", name, value);
  }

  private static ObjectNode json(CheckpointSummary summary) {
    ObjectNode json = JSON.createObjectNode();
    json.put("architecture", summary.architecture()).put("parameters", summary.parameters());
    ObjectNode types = json.putObject("types");
    summary.types().forEach((type, count) -> types.put(type.name(), count));
    json.put("bytes", summary.bytes());
    summary.contextLength().ifPresent(tokens -> json.put("context_length", tokens));
    summary.kvBytesPerToken().ifPresent(bytes -> json.put("kv_bytes_per_token", bytes));
    json.put("chat_template", summary.chatTemplate());
    summary.licence().ifPresent(licence -> json.put("licence", licence));
    return json.put("folder", summary.folder().toString());
  }
}
