package dev.quern.supplier.http.generation;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.QuernException;

/** A model's chat template, ready to render conversations. */
public final class TemplateLoader {
  private TemplateLoader() {}

  public static ServedModel.ConversationTemplate load(LoadedModel model) {
    return conversation -> {
      throw QuernException.badRequest(
          "messages", "The model " + model.id() + " has no chat template.");
    };
  }
}
