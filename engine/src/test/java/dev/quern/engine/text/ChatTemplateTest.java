package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CHATML =
      """
      {%- for message in messages %}
          {{- '<|' + message.role + '|>' + message.content + eos_token }}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|assistant|>' }}
      {%- endif %}\
      """;

  @TempDir Path folder = Path.of("");

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static ChatPrompt prompt(String messages) {
    return new ChatPrompt(json(messages), null, null, true, false, Map.of());
  }

  private static ChatPrompt continued(String messages) {
    return new ChatPrompt(json(messages), null, null, false, true, Map.of());
  }

  private static ChatTemplate chatml() {
    return ChatTemplate.of(CHATML, Map.of("eos_token", "</s>"));
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Path parent = file.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.writeString(file, text);
  }

  private ChatTemplate loaded() {
    return ChatTemplate.load(folder).orElseThrow();
  }

  private static QuernException refused(ChatTemplate template, ChatPrompt prompt) {
    QuernException error = assertThrows(QuernException.class, () -> template.render(prompt));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    return error;
  }

  @Test
  void rendersAConversation() {
    assertEquals(
        "<|system|>Be brief.</s><|user|>Hi</s><|assistant|>",
        chatml()
            .render(
                prompt(
                    "[{'role': 'system', 'content': 'Be brief.'},"
                        + " {'role': 'user', 'content': 'Hi'}]")));
  }

  @Test
  void aFolderWithoutTemplateIsNoChatModel() throws IOException {
    assertEquals(Optional.empty(), ChatTemplate.load(folder).map(Object::toString));
    write("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"chat_template\": null}");
    assertTrue(ChatTemplate.load(folder).isEmpty());
  }

  @Test
  void loadsTheConfigurationsTemplateAndTokens() throws IOException {
    write(
        "tokenizer_config.json",
        "{\"bos_token\": {\"content\": \"<b>\"}, \"add_bos_token\": true, \"eos_token\": \"<e>\","
            + " \"chat_template\": \"{{ bos_token }}{{ pad_token }}{{ messages[0].content }}"
            + "{{ eos_token }}{{ unk_token is defined }}\", \"unk_token\": null}");
    write("special_tokens_map.json", "{\"pad_token\": \"<p>\", \"eos_token\": \"<other>\"}");
    assertEquals(
        "<b><p>Hi<e>False", loaded().render(prompt("[{'role': 'user', 'content': 'Hi'}]")));
  }

  @Test
  void aFileGoesBeforeTheConfiguration() throws IOException {
    write("tokenizer_config.json", "{\"chat_template\": \"from the configuration\"}");
    write("chat_template.jinja", "from the file");
    assertEquals("from the file", loaded().render(prompt("[{'role': 'user', 'content': 'Hi'}]")));
  }

  @Test
  void choosesAmongNamedTemplates() throws IOException {
    write(
        "tokenizer_config.json",
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"},"
            + " {\"name\": \"tool_use\", \"template\": \"tools\"}]}");
    write("additional_chat_templates/rag.jinja", "rag");
    JsonNode messages = json("[{'role': 'user', 'content': 'Hi'}]");
    JsonNode some = json("[{'a': 1}]");
    JsonNode none = json("[]");
    ChatTemplate template = loaded();
    assertEquals(
        "plain", template.render(new ChatPrompt(messages, none, null, true, false, Map.of())));
    assertEquals(
        "tools", template.render(new ChatPrompt(messages, some, null, true, false, Map.of())));
    assertEquals(
        "rag", template.render(new ChatPrompt(messages, null, some, true, false, Map.of())));
  }

  @Test
  void aBrokenTemplateNamesItsFolder() throws IOException {
    write("chat_template.jinja", "a\n{{ oops");
    QuernException error = assertThrows(QuernException.class, () -> ChatTemplate.load(folder));
    assertTrue(error.message().contains(folder.toString()), error.message());
    assertTrue(error.message().contains("line 2"), error.message());
    write("tokenizer_config.json", "{\"chat_template\": ");
    QuernException broken = assertThrows(QuernException.class, () -> ChatTemplate.load(folder));
    assertTrue(broken.message().contains("tokenizer_config.json"), broken.message());
  }

  @Test
  void theTemplatesRefusalNamesTheMessages() {
    ChatTemplate template =
        ChatTemplate.of(
            "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{"
                + " raise_exception('Conversation roles must alternate') }}{% endif %}{% endfor %}",
            Map.of());
    QuernException error =
        refused(
            template,
            prompt("[{'role': 'user', 'content': 'a'}, {'role': 'user', 'content': 'b'}]"));
    assertEquals("messages", error.field());
    assertEquals("Conversation roles must alternate", error.message());
  }

  @Test
  void textPartsAreJoinedForATemplateOfTexts() {
    String parts =
        "[{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}, {'type': 'text', 'text':"
            + " 'b'}]}]";
    assertEquals("<|user|>a\nb</s><|assistant|>", chatml().render(prompt(parts)));
    ChatTemplate iterating =
        ChatTemplate.of(
            "{% for m in messages %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endfor %}",
            Map.of());
    assertEquals("[a][b]", iterating.render(prompt(parts)));
    assertEquals("[Hi]", iterating.render(prompt("[{'role': 'user', 'content': 'Hi'}]")));
  }

  @Test
  void mediaAreRefused() {
    QuernException error =
        refused(
            chatml(),
            prompt("[{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {}}]}]"));
    assertEquals("messages", error.field());
    assertTrue(error.message().contains("'image_url'"), error.message());
  }

  @Test
  void argumentsOfToolCallsAreMappings() {
    ChatTemplate template =
        ChatTemplate.of(
            "{% for c in messages[0].tool_calls %}{% for k, v in c.function.arguments.items() %}"
                + "{{ k }}={{ v }};{% endfor %}{% endfor %}{{ messages[0].content == '' }}"
                + "{{ 'name' in messages[0] }}",
            Map.of());
    String call =
        "[{'role': 'assistant', 'content': null, 'name': null, 'tool_calls': [{'function':"
            + " {'name': 'f', 'arguments': %s}}]}]";
    String arguments = "'{\\'city\\': \\'Rome\\', \\'days\\': 2}'";
    assertEquals("city=Rome;days=2;TrueFalse", template.render(prompt(call.formatted(arguments))));
    assertEquals("TrueFalse", template.render(prompt(call.formatted("''"))));
    assertEquals("a=1;TrueFalse", template.render(prompt(call.formatted("{'a': 1}"))));
    assertEquals("messages", refused(template, prompt(call.formatted("'{not json'"))).field());
    assertEquals("messages", refused(template, prompt(call.formatted("'7'"))).field());
  }

  @Test
  void continuesTheFinalMessage() {
    assertEquals(
        "<|user|>Hi</s><|assistant|>Hello wor",
        chatml()
            .render(
                continued(
                    "[{'role': 'user', 'content': 'Hi'},"
                        + " {'role': 'assistant', 'content': 'Hello wor'}]")));
    String blank = "[{'role': 'assistant', 'content': 'Hello '}]";
    assertEquals("<|assistant|>Hello ", chatml().render(continued(blank)));
    ChatTemplate trimming =
        ChatTemplate.of("{% for m in messages %}{{ m.content | trim }}|{% endfor %}", Map.of());
    assertEquals("Hello", trimming.render(continued(blank)));
    ChatTemplate parts =
        ChatTemplate.of("{% for p in messages[0].content %}{{ p.text }}.{% endfor %}", Map.of());
    assertEquals("Hello ", parts.render(continued(blank)));
  }

  @Test
  void refusesToContinueWhatTheTemplateAlters() {
    String messages = "[{'role': 'assistant', 'content': 'Hello'}]";
    ChatTemplate upper = ChatTemplate.of("{{ messages[0].content | upper }}", Map.of());
    assertEquals("continue_final_message", refused(upper, continued(messages)).field());
    ChatTemplate ignoring = ChatTemplate.of("nothing", Map.of());
    assertEquals("continue_final_message", refused(ignoring, continued(messages)).field());
    QuernException both =
        assertThrows(
            QuernException.class,
            () -> new ChatPrompt(json(messages), null, null, true, true, Map.of()));
    assertEquals("continue_final_message", both.field());
  }

  @Test
  void argumentsReachTheTemplate() {
    ChatTemplate template =
        ChatTemplate.of(
            "{{ enable_thinking }}{{ budget + 1 }}{{ bos_token }}", Map.of("bos_token", "<s>"));
    JsonNode messages = json("[{'role': 'user', 'content': 'Hi'}]");
    Map<String, JsonNode> arguments =
        Map.of("enable_thinking", json("false"), "budget", json("41"));
    assertEquals(
        "False42<s>",
        template.render(new ChatPrompt(messages, null, null, true, false, arguments)));
    QuernException reserved =
        refused(
            template,
            new ChatPrompt(messages, null, null, true, false, Map.of("messages", messages)));
    assertEquals("chat_template_kwargs", reserved.field());
  }

  @Test
  void reasoningHasBothNames() {
    ChatTemplate template =
        ChatTemplate.of("{{ messages[0].reasoning_content }}|{{ messages[0].thinking }}", Map.of());
    assertEquals(
        "why|why",
        template.render(prompt("[{'role': 'assistant', 'content': 'a', 'reasoning': 'why'}]")));
  }

  @Test
  void malformedPromptsNameTheField() {
    for (String messages : new String[] {"[]", "{}", "'x'", "[1]", "[{'content': 'x'}]"}) {
      QuernException error = assertThrows(QuernException.class, () -> prompt(messages));
      assertEquals("messages", error.field());
    }
    JsonNode messages = json("[{'role': 'user', 'content': 'Hi'}]");
    QuernException tools =
        assertThrows(
            QuernException.class,
            () -> new ChatPrompt(messages, json("{}"), null, true, false, Map.of()));
    assertEquals("tools", tools.field());
  }
}
