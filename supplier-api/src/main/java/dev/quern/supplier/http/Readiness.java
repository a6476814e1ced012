package dev.quern.supplier.http;

import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.relay.Canary;
import dev.quern.supplier.relay.CanarySettings;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/** Whether requests are welcome, and if not, why. Any thread. */
final class Readiness implements AutoCloseable {
  private final ModelCatalog catalog;
  private final List<Canary> canaries;
  private final BooleanSupplier draining;
  private final AtomicBoolean rehearsed;

  /**
   * Watches from now on.
   *
   * @param rehearsed whether it may be ready before {@link #rehearsed}
   */
  Readiness(
      ModelCatalog catalog,
      List<ServedModel> models,
      CanarySettings settings,
      BooleanSupplier draining,
      boolean rehearsed) {
    this.catalog = catalog;
    this.draining = draining;
    this.rehearsed = new AtomicBoolean(rehearsed);
    this.canaries =
        settings.seconds() == 0
            ? List.of()
            : models.stream().map(model -> canary(model, settings)).toList();
  }

  private static Canary canary(ServedModel model, CanarySettings settings) {
    int[] prompt = model.tokenizer().encode(Canary.PROMPT, true);
    return Canary.start(model.metricsName(), model.engine(), prompt, settings);
  }

  /** Why the server is not ready; empty when it is. */
  Optional<String> fault() {
    if (draining.getAsBoolean()) {
      return Optional.of("draining");
    }
    if (!rehearsed.get()) {
      return Optional.of("starting");
    }
    return catalog
        .fault()
        .or(() -> canaries.stream().flatMap(canary -> canary.fault().stream()).findFirst());
  }

  /** What a first request takes is behind. */
  void rehearsed() {
    rehearsed.set(true);
  }

  @Override
  public void close() {
    canaries.forEach(Canary::close);
  }
}
