package dev.quern.engine.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.quern.store.JsonFiles;
import dev.quern.store.ModelFiles;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where a Hugging Face model folder keeps its chat templates and special tokens. */
final class ChatTemplateFiles {
  private static final String SUFFIX = ".jinja";
  private static final long MAX_TEMPLATE_BYTES = 4L << 20;

  /** Some list every added token, twice. */
  private static final long MAX_CONFIGURATION_BYTES = 64L << 20;

  private static final List<String> FOLDERS =
      List.of("additional_chat_templates", "chat_templates");

  private ChatTemplateFiles() {}

  /** Sources by name; a file of its own goes before the tokenizer's configuration. */
  static Map<String, String> templates(ModelFiles files) {
    Map<String, String> sources = new LinkedHashMap<>();
    addConfigured(json(files, "chat_template.json"), sources);
    addConfigured(json(files, "tokenizer_config.json"), sources);
    FOLDERS.forEach(folder -> addFiles(files, folder, sources));
    files
        .read("chat_template.jinja", MAX_TEMPLATE_BYTES)
        .ifPresent(text -> sources.put("default", text));
    return sources;
  }

  private static void addConfigured(JsonNode configuration, Map<String, String> sources) {
    JsonNode templates = configuration.path("chat_template");
    if (templates.isTextual()) {
      sources.put("default", templates.textValue());
    }
    if (templates.isArray()) {
      for (JsonNode named : templates) {
        if (named.path("name").isTextual() && named.path("template").isTextual()) {
          sources.put(named.path("name").textValue(), named.path("template").textValue());
        }
      }
    }
  }

  private static void addFiles(ModelFiles files, String folder, Map<String, String> sources) {
    for (String name : files.names(folder)) {
      if (name.endsWith(SUFFIX)) {
        files
            .read(folder + "/" + name, MAX_TEMPLATE_BYTES)
            .ifPresent(
                text -> sources.put(name.substring(0, name.length() - SUFFIX.length()), text));
      }
    }
  }

  /** Tokens by their variable's name: {@code bos_token} and others that end alike. */
  static Map<String, String> specialTokens(ModelFiles files) {
    Map<String, String> tokens = new HashMap<>();
    addTokens(json(files, "special_tokens_map.json"), tokens);
    JsonNode configuration = json(files, "tokenizer_config.json");
    addTokens(configuration.path("extra_special_tokens"), tokens);
    addTokens(configuration, tokens);
    return tokens;
  }

  private static void addTokens(JsonNode fields, Map<String, String> tokens) {
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      JsonNode value = field.getValue();
      JsonNode text = value.isObject() ? value.path("content") : value;
      if (field.getKey().endsWith("_token") && text.isTextual()) {
        tokens.put(field.getKey(), text.textValue());
      }
    }
  }

  private static JsonNode json(ModelFiles files, String name) {
    return files
        .read(name, MAX_CONFIGURATION_BYTES)
        .map(text -> JsonFiles.parseObject(files.path(name), text))
        .orElseGet(MissingNode::getInstance);
  }
}
