package dev.quern.supplier.http.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.ModelPurpose;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.SamplingDefaults;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Every served language model under its public names. */
public final class ServedModels {
  private final ModelCatalog catalog;
  private final Map<LoadedLanguageModel, ServedModel> served = new LinkedHashMap<>();

  /**
   * Prepares each language model of the catalogue for serving.
   *
   * @param templates a model's chat template
   */
  public ServedModels(
      ModelCatalog catalog,
      String version,
      Function<LoadedLanguageModel, ServedModel.ConversationTemplate> templates) {
    this.catalog = catalog;
    for (String name : catalog.names()) {
      if (catalog.named(name) instanceof LoadedLanguageModel model && !served.containsKey(model)) {
        String fingerprint =
            "quern-" + version + "-" + Integer.toHexString(31 * name.hashCode() + facts(model));
        served.put(
            model,
            new ServedModel(
                model,
                name,
                fingerprint,
                templates.apply(model),
                SamplingDefaults.ofCheckpoint(model.generationConfig())));
      }
    }
  }

  /** Each once. */
  public List<ServedModel> models() {
    return List.copyOf(served.values());
  }

  /**
   * The language model served under a name.
   *
   * @throws QuernException NOT_FOUND for an unknown name, BAD_REQUEST for a model that does
   *     something else
   */
  public ServedModel named(String name) {
    return served(name, catalog.named(name));
  }

  /**
   * The only model, for requests that name none.
   *
   * @throws QuernException BAD_REQUEST when there are several, or it does something else
   */
  public ServedModel only() {
    return served(catalog.names().getFirst(), catalog.only());
  }

  /** Puts the default model's name into a body that names no model or an unknown one. */
  public void nameDefault(ObjectNode body) {
    JsonNode asked = body.path("model");
    if (asked.isTextual() || asked.isNull() || asked.isMissingNode()) {
      catalog.defaultFor(asked.asText("")).ifPresent(name -> body.put("model", name));
    }
  }

  private ServedModel served(String name, LoadedModel model) {
    return switch (model) {
      case LoadedEncoder encoder -> throw ApiException.wrongKind(name, ModelPurpose.of(encoder));
      case LoadedLanguageModel generator -> {
        @Nullable ServedModel found = served.get(generator);
        if (found == null) {
          throw new IllegalStateException("the catalogue changed while it was served");
        }
        yield found;
      }
    };
  }

  private static int facts(LoadedModel model) {
    return 31 * model.architecture().hashCode() + Long.hashCode(model.parameters());
  }
}
