package dev.quern.supplier;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The models of this process under the names that clients may use. A request that names an alias is
 * answered under that alias, so that the checkpoint's own name stays hidden when the operator wants
 * it so.
 */
public final class ModelCatalog {
  private final Map<String, LoadedModel> byName = new LinkedHashMap<>();

  /**
   * A catalogue.
   *
   * @param models loaded models; each is served under its id unless an alias hides it
   * @param aliases public name to model id; a model with an alias is listed under its aliases alone
   */
  public ModelCatalog(List<LoadedModel> models, Map<String, String> aliases) {
    Map<String, LoadedModel> byId = new LinkedHashMap<>();
    for (LoadedModel model : models) {
      if (byId.put(model.id(), model) != null) {
        throw QuernException.badRequest("model", "two models are called " + model.id());
      }
    }
    for (Map.Entry<String, LoadedModel> entry : byId.entrySet()) {
      if (!aliases.containsValue(entry.getKey())) {
        byName.put(entry.getKey(), entry.getValue());
      }
    }
    aliases.forEach(
        (name, id) -> {
          LoadedModel model = byId.get(id);
          if (model == null) {
            throw QuernException.badRequest(
                "alias",
                "alias " + name + " names no loaded model: " + id + "; loaded: " + byId.keySet());
          }
          if (byName.putIfAbsent(name, model) != null) {
            throw QuernException.badRequest("alias", "the name " + name + " is taken twice");
          }
        });
  }

  /** Public names in the order they were given. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /** Each loaded model once. */
  public List<LoadedModel> models() {
    return byName.values().stream().distinct().toList();
  }

  /**
   * The only model, for requests that name none.
   *
   * @throws QuernException BAD_REQUEST when there are several
   */
  public LoadedModel only() {
    List<LoadedModel> models = models();
    if (models.size() != 1) {
      throw QuernException.badRequest(
          "model", "Several models are served; name one of " + String.join(", ", names()) + ".");
    }
    return models.getFirst();
  }

  /** Whether a model is loaded and every engine is well. */
  public boolean healthy() {
    return !byName.isEmpty() && byName.values().stream().allMatch(LoadedModel::healthy);
  }

  /**
   * The model served under a name.
   *
   * @throws QuernException NOT_FOUND, naming the field {@code model}
   */
  public LoadedModel named(String name) {
    LoadedModel model = byName.get(name);
    if (model == null) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND,
          "model",
          "The model '"
              + name
              + "' does not exist; served here: "
              + String.join(", ", byName.keySet()),
          null);
    }
    return model;
  }
}
