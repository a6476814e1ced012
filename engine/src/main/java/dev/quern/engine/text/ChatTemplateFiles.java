package dev.quern.engine.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where a Hugging Face model folder keeps its chat templates and special tokens. */
final class ChatTemplateFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SUFFIX = ".jinja";
  private static final long MAX_TEMPLATE_BYTES = 4L << 20;
  private static final List<String> FOLDERS =
      List.of("additional_chat_templates", "chat_templates");

  private ChatTemplateFiles() {}

  /** Sources by name; a file of its own goes before the tokenizer's configuration. */
  static Map<String, String> templates(Path folder) {
    Map<String, String> sources = new LinkedHashMap<>();
    addConfigured(json(folder.resolve("chat_template.json")), sources);
    addConfigured(json(folder.resolve("tokenizer_config.json")), sources);
    FOLDERS.forEach(name -> addFiles(folder.resolve(name), sources));
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) {
      sources.put("default", text(file));
    }
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

  private static void addFiles(Path folder, Map<String, String> sources) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        sources.put(name.substring(0, name.length() - SUFFIX.length()), text(file));
      }
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  /** Tokens by their variable's name: {@code bos_token} and others that end alike. */
  static Map<String, String> specialTokens(Path folder) {
    Map<String, String> tokens = new HashMap<>();
    addTokens(json(folder.resolve("special_tokens_map.json")), tokens);
    JsonNode configuration = json(folder.resolve("tokenizer_config.json"));
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

  private static JsonNode json(Path file) {
    if (!Files.isRegularFile(file)) {
      return MissingNode.getInstance();
    }
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > MAX_TEMPLATE_BYTES) {
        throw new QuernException(
            ErrorCategory.INTERNAL,
            file + " has more than " + MAX_TEMPLATE_BYTES + " bytes: that is no chat template");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static QuernException unreadable(Path file, IOException cause) {
    return new QuernException(
        ErrorCategory.INTERNAL,
        "cannot read " + file + " (" + cause.getMessage() + "): download the model again",
        cause);
  }
}
