package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.text.ChatPrompt;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.store.QuernException;
import dev.quern.supplier.config.Arguments;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;

/** A chat with one model, and what was said so far. */
final class Conversation {
  private final LoadedLanguageModel model;
  private final Options options;
  private final Optional<ChatTemplate> template;
  private final ArrayNode history = JsonNodeFactory.instance.arrayNode();

  /** What the command line says of every answer. */
  record Options(
      double temperature, Optional<Integer> maxTokens, Optional<String> system, OptionalLong seed) {
    static Options of(Arguments arguments) {
      return new Options(
          CommandOptions.value(CommandOptions.TEMPERATURE, arguments).orElse(0.0),
          CommandOptions.value(CommandOptions.MAX_TOKENS, arguments),
          CommandOptions.value(CommandOptions.SYSTEM, arguments),
          CommandOptions.value(CommandOptions.SEED, arguments).stream()
              .mapToLong(Long::longValue)
              .findAny());
    }
  }

  Conversation(LoadedLanguageModel model, Options options) {
    this.model = model;
    this.options = options;
    this.template = model.chatTemplate();
    reset();
  }

  /** Whether the model has a chat template; without one each prompt is completed as it stands. */
  boolean isChat() {
    return template.isPresent();
  }

  /** Forgets what was said. */
  void reset() {
    history.removeAll();
    options.system().ifPresent(text -> add("system", text));
  }

  /**
   * Says something and streams the answer. What was answered becomes part of the chat even when it
   * is cancelled; a prompt that fails does not.
   *
   * @param running hears of the answer before its first text, to cancel it
   */
  void say(String prompt, Consumer<StreamedAnswer> running, Consumer<String> text) {
    if (template.isEmpty()) {
      start(model.tokenizer().encode(prompt, true), running).stream(text);
      return;
    }
    add("user", prompt);
    try {
      String rendered =
          template.get().render(new ChatPrompt(history, null, null, true, false, Map.of()));
      StringBuilder answer = new StringBuilder();
      start(model.tokenizer().encode(rendered, false), running).stream(
          piece -> {
            answer.append(piece);
            text.accept(piece);
          });
      add("assistant", answer.toString());
    } catch (QuernException e) {
      history.remove(history.size() - 1);
      throw e;
    }
  }

  private StreamedAnswer start(int[] prompt, Consumer<StreamedAnswer> running) {
    StreamedAnswer answer = new StreamedAnswer(model, prompt, sampling(prompt.length));
    running.accept(answer);
    return answer;
  }

  private SamplingParameters sampling(int promptTokens) {
    int room = model.engine().maxModelLength() - promptTokens;
    if (room <= 0) {
      throw QuernException.badRequest(
          "prompt",
          "the conversation has %d tokens and the model's context %d; /reset forgets it"
              .formatted(promptTokens, model.engine().maxModelLength()));
    }
    return new SamplingParameters(
        options.temperature(),
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        options.seed(),
        Math.min(room, options.maxTokens().orElse(room)),
        0,
        model.endOfSequenceTokens(),
        -1,
        -1);
  }

  private void add(String role, String content) {
    history.addObject().put("role", role).put("content", content);
  }
}
