package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.cuda.CudaReport;
import dev.quern.engine.tensor.torch.HostMemory;
import dev.quern.store.QuernException;
import dev.quern.store.hub.FileFilter;
import dev.quern.store.hub.Hub;
import dev.quern.store.hub.HubException;
import dev.quern.store.hub.HubSettings;
import dev.quern.store.hub.ModelReference;
import dev.quern.store.hub.PlannedFile;
import dev.quern.store.hub.PullPlan;
import dev.quern.store.hub.PulledModel;
import dev.quern.store.hub.SkippedFile;
import dev.quern.supplier.cli.terminal.ProgressDisplay;
import dev.quern.supplier.cli.terminal.Table;
import dev.quern.supplier.cli.terminal.Transfer;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * {@code quern pull ORG/NAME}: brings a model from the hub into its cache. Standard output has the
 * folder alone, so that a script can take it; with {@code --json} one event a line.
 */
final class PullCommand implements Command {
  private static final int INTERRUPTED = 130;

  private final Supplier<CudaReport> gpus;

  /**
   * @param gpus finds out which GPUs there are
   */
  PullCommand(Supplier<CudaReport> gpus) {
    this.gpus = gpus;
  }

  @Override
  public String name() {
    return "pull";
  }

  @Override
  public String words() {
    return "ORG/NAME[@REVISION]";
  }

  @Override
  public String purpose() {
    return "download a model from the hub, verified, into the hub cache";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(
        CommandOptions.INCLUDE,
        CommandOptions.EXCLUDE,
        CommandOptions.DRY_RUN,
        CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (arguments.words().size() != 1) {
      throw QuernException.badRequest(
          "model", "pull takes one model: quern pull ORG/NAME[@REVISION]");
    }
    boolean json = CommandOptions.isOn(CommandOptions.JSON, arguments);
    try {
      ModelReference reference = ModelReference.parse(arguments.words().getFirst());
      FileFilter filter =
          new FileFilter(
              CommandOptions.values(CommandOptions.INCLUDE, arguments),
              CommandOptions.values(CommandOptions.EXCLUDE, arguments));
      try (Hub hub = new Hub(HubSettings.fromEnvironment(console.environment()))) {
        return pull(hub, hub.plan(reference, filter), arguments, console);
      }
    } catch (QuernException e) {
      if (json) {
        console.out().println(failure(e));
      }
      throw e;
    }
  }

  private int pull(Hub hub, PullPlan plan, Arguments arguments, Console console) {
    boolean json = CommandOptions.isOn(CommandOptions.JSON, arguments);
    boolean dry = CommandOptions.isOn(CommandOptions.DRY_RUN, arguments);
    Puller puller = new Puller(console, gpus);
    if (json) {
      console.out().println(json(plan, gpus.get()));
    } else {
      puller.announce(plan);
    }
    if (dry) {
      if (!json) {
        print(plan, console);
      }
      return ExitCodes.DONE;
    }
    Signals.handle("INT", () -> interrupted(console));
    PulledModel model = json ? pullForProgram(hub, plan, console) : puller.pull(hub, plan);
    console.out().println(json ? json(model).toString() : model.snapshot().toString());
    return ExitCodes.DONE;
  }

  private static PulledModel pullForProgram(Hub hub, PullPlan plan, Console console) {
    Transfer transfer = Puller.transfer(plan);
    try (ProgressDisplay _ = ProgressDisplay.forProgram(transfer, console.out())) {
      return hub.pull(plan, new Puller.Reporter(transfer));
    }
  }

  /** What is on disk is sound at every moment, so there is nothing to wait for. */
  private static void interrupted(Console console) {
    console.say("\nStopped. What was fetched is kept: the same command goes on from there");
    Runtime.getRuntime().halt(INTERRUPTED);
  }

  private static void print(PullPlan plan, Console console) {
    Table table = new Table(2, "FILE", "STATE", "SIZE", "TO FETCH");
    for (PlannedFile file : plan.files()) {
      table.row(
          file.file().path(),
          label(file),
          Units.bytes(file.file().size()),
          Units.bytes(file.bytesToFetch()));
    }
    table.print(console.out());
    if (!plan.skipped().isEmpty()) {
      console.out().println();
      Table skipped = new Table(2, "LEFT OUT", "BECAUSE", "SIZE");
      for (SkippedFile file : plan.skipped()) {
        skipped.row(file.file().path(), file.reason(), Units.bytes(file.file().size()));
      }
      skipped.print(console.out());
    }
  }

  private static String label(PlannedFile file) {
    return file.state().name().toLowerCase(Locale.ROOT);
  }

  private static ObjectNode json(PullPlan plan, CudaReport gpus) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("event", "plan");
    json.put("model", plan.reference().id()).put("revision", plan.reference().revision());
    json.put("commit", plan.commit()).put("folder", plan.snapshot().toString());
    json.put("total_bytes", plan.bytesTotal()).put("bytes_to_fetch", plan.bytesToFetch());
    json.put("free_disk_bytes", plan.freeDisk()).put("fits_disk", plan.fitsDisk());
    long free = HostMemory.availableBytes();
    long weights = Puller.weightBytes(plan);
    json.put("weight_bytes", weights).put("free_memory_bytes", free);
    json.put("fits_memory", weights <= free).put("offline", plan.offline());
    GpuFit.addTo(json.putArray("gpus"), GpuFit.of(gpus, weights));
    ArrayNode files = json.putArray("files");
    for (PlannedFile file : plan.files()) {
      files
          .addObject()
          .put("path", file.file().path())
          .put("size", file.file().size())
          .put("digest", file.file().digest().hex())
          .put("state", label(file))
          .put("bytes_here", file.bytesHere());
    }
    ArrayNode skipped = json.putArray("skipped");
    for (SkippedFile file : plan.skipped()) {
      skipped
          .addObject()
          .put("path", file.file().path())
          .put("size", file.file().size())
          .put("reason", file.reason());
    }
    return json;
  }

  private static ObjectNode json(PulledModel model) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("event", "done")
        .put("model", model.reference().id())
        .put("commit", model.commit())
        .put("folder", model.snapshot().toString())
        .put("fetched_bytes", model.bytesFetched())
        .put("digest", model.manifest().digest());
  }

  private static ObjectNode failure(QuernException e) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("event", "error");
    json.put("category", e.category().name().toLowerCase(Locale.ROOT));
    if (e instanceof HubException hub) {
      json.put("reason", hub.reason().name().toLowerCase(Locale.ROOT));
    }
    return json.put("message", e.message());
  }
}
