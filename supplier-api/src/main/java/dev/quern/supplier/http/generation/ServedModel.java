package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.GenerationEngine;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.text.Tokenizer;
import dev.quern.supplier.http.openai.ChatPromptFields;
import dev.quern.supplier.http.openai.SamplingDefaults;
import java.util.Set;

/**
 * A loaded language model with what serving it takes.
 *
 * @param metricsName the public name that metrics use
 * @param fingerprint changes when the model or the program does
 */
public record ServedModel(
    LoadedLanguageModel loaded,
    String metricsName,
    String fingerprint,
    ConversationTemplate template,
    SamplingDefaults defaults) {

  /** Turns a conversation into the text that the model was trained to continue. */
  @FunctionalInterface
  public interface ConversationTemplate {
    /**
     * The prompt.
     *
     * @throws dev.quern.store.QuernException BAD_REQUEST, field {@code messages}, when the template
     *     refuses the conversation or there is no template
     */
    String render(ChatPromptFields conversation);
  }

  public GenerationEngine engine() {
    return loaded.engine();
  }

  public Tokenizer tokenizer() {
    return loaded.tokenizer();
  }

  Set<Integer> endOfSequenceTokens() {
    return loaded.endOfSequenceTokens();
  }
}
