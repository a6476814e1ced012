package dev.quern.supplier.http.encoder;

import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.ModelPurpose;
import dev.quern.supplier.http.openai.ApiException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Every served encoder under its public names, and which of them can answer what. */
public final class ServedEncoders {
  private final ModelCatalog catalog;
  private final EncoderRouteSettings settings;

  public ServedEncoders(ModelCatalog catalog, EncoderRouteSettings settings) {
    this.catalog = catalog;
    this.settings = settings;
  }

  public EncoderRouteSettings settings() {
    return settings;
  }

  /** Each encoder once, under its first name. */
  public List<ServedEncoder> all() {
    return catalog.models().stream()
        .filter(LoadedEncoder.class::isInstance)
        .map(model -> served((LoadedEncoder) model, null))
        .toList();
  }

  /**
   * The encoder for a request.
   *
   * @param name as the client gave it; null: the only one that suits
   * @param tasks that can answer the request, the preferred first
   * @throws QuernException NOT_FOUND for an unknown name, BAD_REQUEST for a model that does
   *     something else, or when no name is given and none or several would do
   */
  ServedEncoder find(@Nullable String name, EncoderTask... tasks) {
    if (name != null) {
      return named(name, tasks);
    }
    for (EncoderTask task : tasks) {
      List<ServedEncoder> suited =
          all().stream().filter(model -> model.description().task() == task).toList();
      if (suited.size() == 1) {
        return suited.getFirst();
      }
      if (suited.size() > 1) {
        throw QuernException.badRequest(
            "model",
            "Several models could answer; name one of "
                + String.join(", ", suited.stream().map(ServedEncoder::name).toList())
                + ".");
      }
    }
    List<LoadedModel> others = catalog.models();
    throw others.size() == 1
        ? ApiException.wrongKind(catalog.names().getFirst(), ModelPurpose.of(others.getFirst()))
        : QuernException.badRequest("model", "No served model can answer this route.");
  }

  private ServedEncoder named(String name, EncoderTask... tasks) {
    LoadedModel model = catalog.named(name);
    if (model instanceof LoadedEncoder encoder
        && List.of(tasks).contains(encoder.description().task())) {
      return served(encoder, name);
    }
    throw ApiException.wrongKind(name, ModelPurpose.of(model));
  }

  private ServedEncoder served(LoadedEncoder model, @Nullable String askedName) {
    String first = firstName(model);
    return new ServedEncoder(model, Optional.ofNullable(askedName).orElse(first), first);
  }

  private String firstName(LoadedModel model) {
    return catalog.names().stream()
        .filter(name -> catalog.named(name) == model)
        .findFirst()
        .orElseThrow();
  }
}
