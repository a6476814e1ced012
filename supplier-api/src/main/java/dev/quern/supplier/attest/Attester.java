package dev.quern.supplier.attest;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.time.Instant;
import java.util.Optional;

/** Signs statements about the models of this process, when the operator gave a key. */
public final class Attester {
  private final Optional<SigningKey> key;
  private final String engineVersion;

  public Attester(Optional<SigningKey> key, String engineVersion) {
    this.key = key;
    this.engineVersion = engineVersion;
  }

  /**
   * A fresh statement about a model, signed. Reads files: for worker threads.
   *
   * @param name the public name
   * @param digest of the checkpoint's manifest
   * @throws QuernException NOT_FOUND without a key
   */
  public byte[] attest(String name, LoadedModel model, String digest) {
    SigningKey signer =
        key.orElseThrow(
            () ->
                new QuernException(
                    ErrorCategory.NOT_FOUND,
                    "This server signs nothing: it was started without sign-key-file."));
    Statement statement =
        Statement.of(name, model, digest, engineVersion, Instant.now().getEpochSecond());
    return Attestation.sign(statement, signer).toJson();
  }
}
