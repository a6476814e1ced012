package dev.quern.supplier.http.generation;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.openai.SamplingDefaults;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Every served model under its public names. */
public final class ServedModels {
  private final ModelCatalog catalog;
  private final IdentityHashMap<LoadedModel, ServedModel> served = new IdentityHashMap<>();

  /**
   * Prepares each model of the catalogue for serving.
   *
   * @param templates a model's chat template
   */
  public ServedModels(
      ModelCatalog catalog,
      String version,
      Function<LoadedModel, ServedModel.ConversationTemplate> templates) {
    this.catalog = catalog;
    for (String name : catalog.names()) {
      LoadedModel model = catalog.named(name);
      if (!served.containsKey(model)) {
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

  public List<String> names() {
    return catalog.names();
  }

  public List<ServedModel> models() {
    return catalog.models().stream().map(this::served).toList();
  }

  /**
   * The model served under a name.
   *
   * @throws QuernException NOT_FOUND
   */
  public ServedModel named(String name) {
    return served(catalog.named(name));
  }

  /**
   * The only model, for requests that name none.
   *
   * @throws QuernException BAD_REQUEST when there are several
   */
  public ServedModel only() {
    if (served.size() != 1) {
      throw QuernException.badRequest(
          "model", "Several models are served; name one of " + String.join(", ", names()) + ".");
    }
    return models().getFirst();
  }

  /** Whether a model is loaded and every engine is well. */
  public boolean healthy() {
    return !served.isEmpty()
        && served.keySet().stream().allMatch(model -> model.engine().snapshot().healthy());
  }

  private ServedModel served(LoadedModel model) {
    @Nullable ServedModel found = served.get(model);
    if (found == null) {
      throw new IllegalStateException("the catalogue changed while it was served");
    }
    return found;
  }

  private static int facts(LoadedModel model) {
    return 31 * model.architecture().hashCode() + Long.hashCode(model.parameters());
  }
}
