package dev.quern.supplier.http.generation;

import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.store.QuernException;
import java.util.Optional;

/** A model's chat template, ready to render conversations. */
public final class TemplateLoader {
  private TemplateLoader() {}

  /** A model's template; a model without one answers completions alone. */
  public static ServedModel.ConversationTemplate load(LoadedLanguageModel model) {
    Optional<ChatTemplate> template = model.chatTemplate();
    if (template.isPresent()) {
      return conversation -> template.get().render(conversation.toPrompt());
    }
    return conversation -> {
      throw QuernException.badRequest(
          "messages", "This model has no chat template: it is no chat model; use /completions.");
    };
  }
}
