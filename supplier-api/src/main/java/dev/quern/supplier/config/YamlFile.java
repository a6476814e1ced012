package dev.quern.supplier.config;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/** The YAML file of settings: one mapping of setting names to a text, a list or (alias) a map. */
final class YamlFile {
  private static final int MOST_CHARACTERS = 1_000_000;

  private YamlFile() {}

  /**
   * Texts by key, unchecked but for their shape.
   *
   * @throws QuernException when the file cannot be read or is not such a mapping
   */
  static Map<String, List<String>> read(Path file) {
    // The failsafe schema leaves every scalar a text: the table's types do the reading.
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(file.toString())
            .setSchema(new FailsafeSchema())
            .setCodePointLimit(MOST_CHARACTERS)
            .build();
    @Nullable Object document = null;
    try {
      // One by one: a single load of a file without content has nothing to construct.
      Iterator<Object> documents =
          new Load(settings).loadAllFromString(Files.readString(file)).iterator();
      if (documents.hasNext()) {
        document = documents.next();
      }
      if (documents.hasNext()) {
        throw QuernException.badRequest(
            "config", file + ": holds more than one document; keep the settings in one (--config)");
      }
    } catch (NoSuchFileException absent) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "config", file + ": no such file (--config)", absent);
    } catch (CharacterCodingException binary) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "config", file + ": not a text in UTF-8 (--config)", binary);
    } catch (IOException unreadable) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "config",
          file + ": cannot be read (--config): " + unreadable.getMessage(),
          unreadable);
    } catch (YamlEngineException malformed) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "config", file + malformedLine(malformed), malformed);
    }
    if (document == null) {
      return Map.of();
    }
    if (!(document instanceof Map<?, ?> map)) {
      throw QuernException.badRequest(
          "config", file + ": give a mapping of settings, such as 'port: 8080'");
    }
    Map<String, List<String>> values = new LinkedHashMap<>();
    map.forEach((key, value) -> values.put(String.valueOf(key), texts(file, key, value)));
    return values;
  }

  private static List<String> texts(Path file, Object key, Object value) {
    return switch (value) {
      case List<?> list -> list.stream().map(item -> text(file, key, item)).toList();
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> entry.getKey() + "=" + text(file, key, entry.getValue()))
              .toList();
      default -> List.of(text(file, key, value));
    };
  }

  private static String text(Path file, Object key, Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw QuernException.badRequest(
        String.valueOf(key), key + " in " + file + ": give a plain value or a list of them");
  }

  private static String malformedLine(YamlEngineException malformed) {
    String where =
        malformed instanceof MarkedYamlEngineException marked
            ? marked
                .getProblemMark()
                .map(mark -> " line " + (mark.getLine() + 1) + " column " + (mark.getColumn() + 1))
                .orElse("")
            : "";
    String problem =
        malformed instanceof MarkedYamlEngineException marked
            ? String.valueOf(marked.getProblem())
            : String.valueOf(malformed.getMessage());
    return where + ": not YAML: " + Setting.shortened(problem);
  }
}
