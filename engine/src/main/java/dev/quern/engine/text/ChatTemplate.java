package dev.quern.engine.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.text.jinja.Template;
import dev.quern.engine.text.jinja.TemplateException;
import dev.quern.engine.text.jinja.TemplateOptions;
import dev.quern.store.ErrorCategory;
import dev.quern.store.ModelFiles;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model's way of writing a conversation as one text: its Jinja templates and special tokens. Safe
 * for use by many threads.
 */
public final class ChatTemplate {
  private static final String DEFAULT = "default";

  /** Marks the end of the message to continue; the blank shows whether the template trims. */
  private static final String CONTINUE_MARK = "CONTINUE_FINAL_MESSAGE_TAG ";

  private static final Set<String> RESERVED =
      Set.of("messages", "tools", "documents", "add_generation_prompt");

  private final Map<String, Compiled> templates;
  private final Map<String, String> specialTokens;

  private record Compiled(Template template, Template.ContentForm contentForm) {}

  private ChatTemplate(Map<String, String> sources, Map<String, String> specialTokens) {
    Map<String, Compiled> compiled = new HashMap<>();
    sources.forEach(
        (name, source) -> {
          Template template = Template.parse(source, TemplateOptions.huggingFace());
          compiled.put(name, new Compiled(template, template.contentForm()));
        });
    this.templates = Map.copyOf(compiled);
    this.specialTokens = Map.copyOf(specialTokens);
  }

  /**
   * The templates of a model: {@code chat_template.jinja} and the files of {@code
   * additional_chat_templates}, else what {@code tokenizer_config.json} or {@code
   * chat_template.json} has. Empty if there is none: the model is no chat model.
   *
   * @throws QuernException if a file cannot be read or is no template; the message names it
   */
  public static Optional<ChatTemplate> load(ModelFiles files) {
    Map<String, String> sources = ChatTemplateFiles.templates(files);
    if (sources.isEmpty()) {
      return Optional.empty();
    }
    Map<String, String> tokens = ChatTemplateFiles.specialTokens(files);
    try {
      return Optional.of(new ChatTemplate(sources, tokens));
    } catch (TemplateException e) {
      throw new QuernException(
          e.category(),
          "the chat template of " + files.location() + " is broken: " + e.message(),
          e);
    }
  }

  /** {@link #load(ModelFiles)} of a model's folder. */
  public static Optional<ChatTemplate> load(Path modelFolder) {
    return load(ModelFiles.in(modelFolder));
  }

  /**
   * The sources of a model's templates by name, as {@link #load} finds them; the usual one is
   * called {@code default}.
   *
   * @throws QuernException if a file cannot be read
   */
  public static Map<String, String> sources(ModelFiles files) {
    return ChatTemplateFiles.templates(files);
  }

  /**
   * A template that comes with a request or a setting.
   *
   * @param specialTokens variables by name, such as {@code bos_token}
   */
  public static ChatTemplate of(String source, Map<String, String> specialTokens) {
    return new ChatTemplate(Map.of(DEFAULT, source), specialTokens);
  }

  /**
   * The conversation as one text, special tokens spelled out: it is to be encoded without adding
   * more.
   *
   * @throws QuernException BAD_REQUEST if the messages do not suit the template: with the
   *     template's own words and the field {@code messages} where it refuses them, for example for
   *     roles out of order
   */
  public String render(ChatPrompt prompt) {
    Compiled compiled = choose(prompt);
    ArrayNode messages = ChatMessages.normalize(prompt.messages(), compiled.contentForm());
    if (!prompt.continueFinalMessage()) {
      return render(compiled, prompt, messages);
    }
    ObjectNode last = messages.get(messages.size() - 1).deepCopy();
    String text = ChatMessages.appendToText(last, CONTINUE_MARK);
    messages.set(messages.size() - 1, last);
    return cutAtMark(render(compiled, prompt, messages), text);
  }

  private Compiled choose(ChatPrompt prompt) {
    Compiled chosen = templates.get(DEFAULT);
    if (prompt.tools() != null && templates.containsKey("tool_use")) {
      chosen = templates.get("tool_use");
    } else if (prompt.documents() != null && templates.containsKey("rag")) {
      chosen = templates.get("rag");
    } else if (chosen == null && templates.size() == 1) {
      chosen = templates.values().iterator().next();
    }
    if (chosen == null) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "the model has no default chat template, only " + templates.keySet());
    }
    return chosen;
  }

  private String render(Compiled compiled, ChatPrompt prompt, JsonNode messages) {
    Map<String, @Nullable Object> variables = new HashMap<>(specialTokens);
    prompt.templateArguments().forEach((name, value) -> variables.put(name, argument(name, value)));
    variables.put("messages", JsonValues.of(messages));
    variables.put("tools", JsonValues.of(prompt.tools()));
    variables.put("documents", JsonValues.of(prompt.documents()));
    variables.put("add_generation_prompt", prompt.addGenerationPrompt());
    try {
      return compiled.template().render(variables);
    } catch (TemplateException e) {
      throw e;
    } catch (QuernException e) {
      // The template's own refusal: it says what is wrong with the messages.
      throw new QuernException(ErrorCategory.BAD_REQUEST, "messages", e.message(), e);
    }
  }

  private static @Nullable Object argument(String name, JsonNode value) {
    if (RESERVED.contains(name)) {
      throw QuernException.badRequest(
          "chat_template_kwargs", "'" + name + "' has a field of its own; set it there");
    }
    return JsonValues.of(value);
  }

  /** As transformers does it: the text up to the mark, blanks dropped if the template does so. */
  private static String cutAtMark(String rendered, String text) {
    int mark = rendered.lastIndexOf(CONTINUE_MARK.strip());
    if (mark < 0 || !rendered.contains(text.strip())) {
      throw QuernException.badRequest(
          "continue_final_message",
          "the final message cannot be continued: this model's chat template does not write it as"
              + " it is");
    }
    String cut = rendered.substring(0, mark);
    return rendered.startsWith(CONTINUE_MARK, mark) ? cut : cut.stripTrailing();
  }
}
