package dev.quern.supplier.cli;

import dev.quern.cuda.CudaReport;
import dev.quern.engine.tensor.torch.HostMemory;
import dev.quern.store.hub.FileFilter;
import dev.quern.store.hub.Hub;
import dev.quern.store.hub.HubFile;
import dev.quern.store.hub.HubSettings;
import dev.quern.store.hub.ModelReference;
import dev.quern.store.hub.PlannedFile;
import dev.quern.store.hub.PullListener;
import dev.quern.store.hub.PullPlan;
import dev.quern.store.hub.PulledModel;
import dev.quern.supplier.cli.terminal.ProgressDisplay;
import dev.quern.supplier.cli.terminal.Transfer;
import dev.quern.supplier.cli.terminal.Units;
import java.time.Duration;
import java.util.function.Supplier;

/** Pulls models and tells a person, on standard error, what it does and how far it is. */
final class Puller {
  private final Console console;
  private final Supplier<CudaReport> gpus;

  /**
   * @param gpus finds out which GPUs there are, when a pull is announced
   */
  Puller(Console console, Supplier<CudaReport> gpus) {
    this.console = console;
    this.gpus = gpus;
  }

  /**
   * Plans and pulls what Quern needs to serve a model.
   *
   * @throws dev.quern.store.hub.HubException when it cannot be had
   */
  PulledModel pull(ModelReference reference) {
    try (Hub hub = new Hub(HubSettings.fromEnvironment(console.environment()))) {
      console.say("Looking for " + reference + " at " + hub.settings().endpoint());
      PullPlan plan = hub.plan(reference, FileFilter.none());
      announce(plan);
      return pull(hub, plan);
    }
  }

  /** Says what a pull will do, and whether there is room for it. */
  void announce(PullPlan plan) {
    console.say(
        "%s is commit %s: %s, %s"
            .formatted(
                plan.reference(),
                plan.commit(),
                Units.of(plan.files().size(), "file"),
                Units.bytes(plan.bytesTotal())));
    if (!plan.offline()) {
      console.say(
          "  to fetch %s; %s free on the disk%s"
              .formatted(
                  Units.bytes(plan.bytesToFetch()),
                  Units.bytes(plan.freeDisk()),
                  plan.fitsDisk() ? "" : ": too little"));
    }
    long weights = weightBytes(plan);
    long free = HostMemory.availableBytes();
    console.say(
        "  weights take %s; %s of memory free: %s"
            .formatted(
                Units.bytes(weights),
                Units.bytes(free),
                weights <= free ? "they fit" : "they do not fit this machine as it is now"));
    for (GpuFit fit : GpuFit.of(gpus.get(), weights)) {
      console.say(
          "  %s (%s): %s"
              .formatted(
                  fit.name(), fit.described(), fit.verdict("they fit", "they do not fit it")));
    }
  }

  /** Size of the files that are loaded into memory. */
  static long weightBytes(PullPlan plan) {
    return plan.files().stream()
        .map(PlannedFile::file)
        .filter(file -> file.name().endsWith(".safetensors") || file.name().endsWith(".gguf"))
        .mapToLong(HubFile::size)
        .sum();
  }

  /** Does what a plan says, with a display. */
  PulledModel pull(Hub hub, PullPlan plan) {
    Transfer transfer = transfer(plan);
    long begin = System.nanoTime();
    PulledModel model;
    try (ProgressDisplay _ =
        ProgressDisplay.forPerson(transfer, console.err(), console.display().get())) {
      model = hub.pull(plan, new Reporter(transfer));
    }
    double seconds = Math.max(1e-3, (System.nanoTime() - begin) / 1e9);
    console.say(
        "Pulled %s: %s fetched in %s (%s/s)"
            .formatted(
                plan.reference(),
                Units.bytes(model.bytesFetched()),
                Units.duration(Duration.ofMillis(Math.round(seconds * 1000))),
                Units.bytes(Math.round(model.bytesFetched() / seconds))));
    return model;
  }

  /** The transfer that a plan makes, as far as it is already. */
  static Transfer transfer(PullPlan plan) {
    Transfer transfer = new Transfer(plan.files().size(), plan.bytesTotal());
    plan.files().forEach(file -> transfer.isHere(file.file().path(), file.bytesHere()));
    return transfer;
  }

  /** From the hub's words to the display's. */
  record Reporter(Transfer transfer) implements PullListener {
    @Override
    public void fileStarted(HubFile file, long bytesHere) {
      transfer.started(file.path(), file.size(), bytesHere);
    }

    @Override
    public void fileWaiting(HubFile file) {
      transfer.noted(file.path(), "another process downloads it; waiting");
    }

    @Override
    public void bytes(HubFile file, long count) {
      transfer.advanced(file.path(), count);
    }

    @Override
    public void retrying(HubFile file, int attempt, Duration wait, String why) {
      transfer.noted(
          file.path(),
          "%s; attempt %d in %.1f s".formatted(why, attempt + 1, wait.toMillis() / 1e3));
    }

    @Override
    public void fileVerified(HubFile file) {
      transfer.finished(file.path(), file.size(), "verified");
    }
  }
}
