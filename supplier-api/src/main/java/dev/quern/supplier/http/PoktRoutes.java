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
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The routes under {@code /pokt}: the identity of the model that answers for no name. */
final class PoktRoutes {
  /**
   * The files of a large model are hashed once for minutes, and miners wait 5 s for a head. As late
   * as that allows: white space before an answer changes the digest of its bytes.
   */
  private static final int HEAD_MILLIS = 4_000;

  private final ModelCatalog catalog;
  private final RelaySettings relays;
  private final Attester attester;
  private final Map<Path, CheckpointDigest> digests = new HashMap<>();

  /** What was answered once: a tokenizer of megabytes takes a second to read and to write. */
  private final Map<String, byte[]> answers = new ConcurrentHashMap<>();

  PoktRoutes(ModelCatalog catalog, RelaySettings relays, Attester attester) {
    this.catalog = catalog;
    this.relays = relays;
    this.attester = attester;
    for (String name : catalog.names()) {
      digests.computeIfAbsent(catalog.named(name).path(), CheckpointDigest::of);
    }
  }

  /** The digest of a model's checkpoint, if it is known by now. */
  Optional<String> digest(String name) {
    CheckpointDigest digest = digests.get(catalog.named(name).path());
    return digest == null ? Optional.empty() : digest.known();
  }

  void tokenizer(Exchange exchange) {
    answer(exchange, "tokenizer", ModelIdentity::tokenizer);
  }

  void tokenizerHash(Exchange exchange) {
    answer(exchange, "tokenizer-hash", ModelIdentity::tokenizerHash);
  }

  void config(Exchange exchange) {
    answer(exchange, "config", ModelIdentity::config);
  }

  void configHash(Exchange exchange) {
    answer(exchange, "config-hash", ModelIdentity::configHash);
  }

  /** What the operator signs about a model. */
  void attestation(Exchange exchange, String name) {
    LoadedModel model = catalog.named(name);
    CheckpointDigest digest = Objects.requireNonNull(digests.get(model.path()));
    blocking(exchange, () -> attester.attest(name, model, digest.await()));
  }

  private void answer(Exchange exchange, String name, Function<ModelIdentity, byte[]> part) {
    byte[] known = answers.get(name);
    if (known != null) {
      exchange.answer(200, Exchange.JSON, known);
    } else {
      blocking(exchange, () -> answers.computeIfAbsent(name, absent -> part.apply(identity())));
    }
  }

  private void blocking(Exchange exchange, Callable<byte[]> work) {
    if (exchange.relay().isPresent() && !exchange.isHead()) {
      EarlyHead.promise(exchange, new byte[0], HEAD_MILLIS);
    }
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
    Path path = model.path();
    int context = model.maxTokens();
    CheckpointDigest digest = Objects.requireNonNull(digests.get(path));
    return new ModelIdentity(
        name,
        () -> Checkpoint.open(path),
        context,
        relays.limits().maxTokens().orElse(context - 1),
        digest::await);
  }
}
