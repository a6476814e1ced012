package dev.quern.supplier.cli;

import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.Checkpoint;
import dev.quern.store.CheckpointSummary;
import dev.quern.store.QuernException;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.http.generation.ServedModel.ConversationTemplate;
import dev.quern.supplier.http.generation.TemplateLoader;
import dev.quern.supplier.http.openai.ChatMessage;
import dev.quern.supplier.http.openai.ChatPromptFields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A chat with one model, and what was said so far. */
final class Conversation {
  private final LoadedModel model;
  private final Options options;
  private final Optional<ConversationTemplate> template;
  private final List<ChatMessage> history = new ArrayList<>();

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

  Conversation(LoadedModel model, Options options) {
    this.model = model;
    this.options = options;
    this.template =
        CheckpointSummary.of(Checkpoint.open(model.folder())).chatTemplate()
            ? Optional.of(TemplateLoader.load(model))
            : Optional.empty();
    reset();
  }

  /** Whether the model has a chat template; without one each prompt is completed as it stands. */
  boolean isChat() {
    return template.isPresent();
  }

  /** Forgets what was said. */
  void reset() {
    history.clear();
    options.system().ifPresent(text -> history.add(message("system", text)));
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
    history.add(message("user", prompt));
    try {
      String rendered =
          template
              .get()
              .render(
                  new ChatPromptFields(
                      List.copyOf(history), List.of(), List.of(), Map.of(), true, false));
      StringBuilder answer = new StringBuilder();
      start(model.tokenizer().encode(rendered, false), running).stream(
          piece -> {
            answer.append(piece);
            text.accept(piece);
          });
      history.add(message("assistant", answer.toString()));
    } catch (QuernException e) {
      history.removeLast();
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

  private static ChatMessage message(String role, String content) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("role", role);
    values.put("content", content);
    return new ChatMessage(role, content, values);
  }
}
