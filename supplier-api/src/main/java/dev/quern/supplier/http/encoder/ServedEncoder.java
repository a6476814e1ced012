package dev.quern.supplier.http.encoder;

import dev.quern.engine.embed.EncoderEngine;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.runtime.LoadedEncoder;

/**
 * An encoder under the name that a client asked for.
 *
 * @param name as answers bear it
 * @param metricsName the public name that metrics use
 */
public record ServedEncoder(LoadedEncoder loaded, String name, String metricsName) {
  public EncoderDescription description() {
    return loaded.description();
  }

  public EncoderEngine engine() {
    return loaded.engine();
  }
}
