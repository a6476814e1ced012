package dev.quern.supplier.http;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.attest.Attester;
import dev.quern.supplier.relay.CheckpointDigest;
import dev.quern.supplier.relay.ModelIdentity;
import dev.quern.supplier.relay.RelaySettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;

/** The routes under {@code /pokt}: the identity of the model that answers for no name. */
final class PoktRoutes {
  private final ModelCatalog catalog;
  private final RelaySettings relays;
  private final Attester attester;
  private final Map<Path, CheckpointDigest> digests = new HashMap<>();

  PoktRoutes(ModelCatalog catalog, RelaySettings relays, Attester attester) {
    this.catalog = catalog;
    this.relays = relays;
    this.attester = attester;
    for (String name : catalog.names()) {
      digests.computeIfAbsent(catalog.named(name).folder(), CheckpointDigest::of);
    }
  }

  /** The digest of a model's checkpoint, if it is known by now. */
  Optional<String> digest(String name) {
    CheckpointDigest digest = digests.get(catalog.named(name).folder());
    return digest == null ? Optional.empty() : digest.known();
  }

  void tokenizer(Exchange exchange) {
    answer(exchange, ModelIdentity::tokenizer);
  }

  void tokenizerHash(Exchange exchange) {
    answer(exchange, ModelIdentity::tokenizerHash);
  }

  void config(Exchange exchange) {
    answer(exchange, ModelIdentity::config);
  }

  void configHash(Exchange exchange) {
    answer(exchange, ModelIdentity::configHash);
  }

  /** What the operator signs about a model. */
  void attestation(Exchange exchange, String name) {
    LoadedModel model = catalog.named(name);
    CheckpointDigest digest = Objects.requireNonNull(digests.get(model.folder()));
    blocking(exchange, () -> attester.attest(name, model, digest.await()));
  }

  private void answer(Exchange exchange, Function<ModelIdentity, byte[]> part) {
    blocking(exchange, () -> part.apply(identity()));
  }

  private static void blocking(Exchange exchange, Callable<byte[]> work) {
    exchange
        .context()
        .owner()
        .executeBlocking(work, false)
        .onSuccess(body -> exchange.answer(200, Exchange.JSON, body))
        .onFailure(exchange::fail);
  }

  private ModelIdentity identity() {
    String name =
        catalog
            .mainName()
            .orElseThrow(
                () -> new QuernException(ErrorCategory.UNAVAILABLE, "No model is served."));
    LoadedModel model = catalog.named(name);
    Path folder = model.folder();
    int context = model.maxTokens();
    CheckpointDigest digest = Objects.requireNonNull(digests.get(folder));
    return new ModelIdentity(
        name,
        () -> Checkpoint.open(folder).files(),
        context,
        relays.limits().maxTokens().orElse(context - 1),
        digest::await);
  }
}
