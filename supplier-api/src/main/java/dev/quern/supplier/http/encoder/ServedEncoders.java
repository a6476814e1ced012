package dev.quern.supplier.http.encoder;

import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.model.TextEncoders;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedLanguageModel;
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
   * The encoder for a request. Where the operator has set a default model, an unknown name is as
   * good as none, and the default is the first among several that would do.
   *
   * @param name as the client gave it; null: none
   * @param tasks that can answer the request, the preferred first
   * @throws QuernException NOT_FOUND for an unknown name, BAD_REQUEST for a model that does
   *     something else, or when no name is given and none or several would do
   */
  ServedEncoder find(@Nullable String name, EncoderTask... tasks) {
    Optional<String> standIn = catalog.defaultFor(name == null ? "" : name);
    if (name != null && standIn.isEmpty()) {
      return named(name, tasks);
    }
    for (EncoderTask task : tasks) {
      List<ServedEncoder> suited =
          all().stream().filter(model -> model.description().task() == task).toList();
      if (suited.size() == 1) {
        return suited.getFirst();
      }
      if (suited.size() > 1) {
        return standIn
            .flatMap(first -> suitedNamed(first, task))
            .orElseThrow(
                () ->
                    QuernException.badRequest(
                        "model",
                        "Several models could answer; name one of "
                            + String.join(", ", suited.stream().map(ServedEncoder::name).toList())
                            + "."));
      }
    }
    List<LoadedModel> others = catalog.models();
    throw others.size() == 1
        ? wrongKind(catalog.names().getFirst(), others.getFirst())
        : QuernException.badRequest("model", "No served model can answer this route.");
  }

  private ServedEncoder named(String name, EncoderTask... tasks) {
    for (EncoderTask task : tasks) {
      Optional<ServedEncoder> suited = suitedNamed(name, task);
      if (suited.isPresent()) {
        return suited.get();
      }
    }
    throw wrongKind(name, catalog.named(name));
  }

  private Optional<ServedEncoder> suitedNamed(String name, EncoderTask task) {
    return catalog.named(name) instanceof LoadedEncoder encoder
            && encoder.description().task() == task
        ? Optional.of(served(encoder, name))
        : Optional.empty();
  }

  /** Some language models embed or rerank, and their files do not tell. */
  private static ApiException wrongKind(String name, LoadedModel model) {
    String does = ModelPurpose.of(model);
    return model instanceof LoadedLanguageModel && TextEncoders.supports(model.architecture())
        ? ApiException.wrongKind(
            name,
            does
                + "; if it was made to embed or to rerank, the server has to be started with --task"
                + " MODEL=embed or --task MODEL=rerank")
        : ApiException.wrongKind(name, does);
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
