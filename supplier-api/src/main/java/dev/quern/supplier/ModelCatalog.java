package dev.quern.supplier;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models of this process under the names that clients may use. A request that names an alias is
 * answered under that alias, so that the checkpoint's own name stays hidden when the operator wants
 * it so.
 */
public final class ModelCatalog {
  private final Map<String, LoadedModel> byName = new LinkedHashMap<>();
  private final Optional<String> defaultName;

  /** A catalogue without a default. */
  public ModelCatalog(List<LoadedModel> models, Map<String, String> aliases) {
    this(models, aliases, Optional.empty());
  }

  /**
   * A catalogue.
   *
   * @param models loaded models; each is served under its id unless an alias hides it
   * @param aliases public name to model id; a model with an alias is listed under its aliases alone
   * @param defaultName the public name that answers requests for none or for an unknown one
   */
  public ModelCatalog(
      List<LoadedModel> models, Map<String, String> aliases, Optional<String> defaultName) {
    this.defaultName = defaultName;
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
    if (defaultName.isPresent() && !byName.containsKey(defaultName.get())) {
      throw QuernException.badRequest(
          "default-model",
          "default-model: "
              + defaultName.get()
              + " is no public name; served are "
              + String.join(", ", byName.keySet()));
    }
  }

  /** The default's name, if there is one and no model is served under {@code asked}. */
  public Optional<String> defaultFor(String asked) {
    return defaultName.filter(name -> !byName.containsKey(asked));
  }

  /** The name that stands for none: the default, or the first. Empty when nothing is served. */
  public Optional<String> mainName() {
    return defaultName.isPresent() ? defaultName : byName.keySet().stream().findFirst();
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

  /** Why not every model serves, by its public name; empty when all do. */
  public Optional<String> fault() {
    if (byName.isEmpty()) {
      return Optional.of("no model is loaded");
    }
    return byName.entrySet().stream()
        .flatMap(entry -> entry.getValue().fault().map(why -> entry.getKey() + ": " + why).stream())
        .findFirst();
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
