package dev.quern.supplier.config;

import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What every setting came to. All given texts have been read and checked, used or not. */
public final class SettingValues {
  private final Map<String, List<?>> values;

  private SettingValues(Map<String, List<?>> values) {
    this.values = values;
  }

  /**
   * Resolves all settings: flags over environment over the YAML file over defaults. A repeatable
   * setting is taken whole from the highest source that gives it.
   *
   * @param flags texts by setting name
   * @param environment the process's variables; one with the prefix that is no setting is an error
   * @throws QuernException BAD_REQUEST for the first text that is not accepted
   */
  public static SettingValues resolve(
      Map<String, List<String>> flags, Map<String, String> environment) {
    refuseUnknownVariables(environment);
    Optional<Path> file = configFile(flags, environment);
    Map<String, List<String>> yaml = file.map(YamlFile::read).orElse(Map.of());
    file.ifPresent(path -> refuseUnknownKeys(yaml, path));

    Map<String, List<?>> values = new LinkedHashMap<>();
    for (Setting<?> setting : QuernSettings.ALL) {
      List<?> byDefault =
          setting.defaultText() == null
              ? List.of()
              : List.of(setting.read(setting.defaultText(), "default of " + setting.name()));
      List<?> fromFile =
          read(
              setting,
              yaml.getOrDefault(setting.name(), List.of()),
              setting.name() + " in " + file.map(Path::toString).orElse(""));
      List<?> fromEnvironment =
          read(setting, variable(setting, environment), setting.environmentVariable());
      List<?> fromFlags =
          read(setting, flags.getOrDefault(setting.name(), List.of()), setting.flag());
      values.put(setting.name(), highest(fromFlags, fromEnvironment, fromFile, byDefault));
    }
    return new SettingValues(values);
  }

  /** The value of a setting that has a default. */
  public <T> T value(Setting<T> setting) {
    return optional(setting)
        .orElseThrow(() -> new IllegalStateException(setting.name() + " has no default"));
  }

  /** The value, or empty when nothing was set. */
  public <T> Optional<T> optional(Setting<T> setting) {
    return all(setting).stream().findFirst();
  }

  /** The values of a repeatable setting, in order. */
  @SuppressWarnings("unchecked") // put there by the setting's own reader
  public <T> List<T> all(Setting<T> setting) {
    return (List<T>) values.getOrDefault(setting.name(), List.of());
  }

  private static <T> List<T> read(Setting<T> setting, List<String> texts, String source) {
    if (texts.size() > 1 && !setting.repeatable()) {
      throw QuernException.badRequest(setting.name(), source + ": given twice; give it once");
    }
    return texts.stream().map(text -> setting.read(text, source)).toList();
  }

  private static List<?> highest(
      List<?> flags, List<?> environment, List<?> file, List<?> defaults) {
    for (List<?> given : List.of(flags, environment, file)) {
      if (!given.isEmpty()) {
        return given;
      }
    }
    return defaults;
  }

  private static List<String> variable(Setting<?> setting, Map<String, String> environment) {
    String text = environment.get(setting.environmentVariable());
    if (text == null) {
      return List.of();
    }
    return setting.repeatable() ? List.of(text.split(",", -1)) : List.of(text);
  }

  private static Optional<Path> configFile(
      Map<String, List<String>> flags, Map<String, String> environment) {
    Setting<String> config = QuernSettings.CONFIG;
    List<String> given =
        highest(
                read(config, flags.getOrDefault(config.name(), List.of()), config.flag()),
                read(config, variable(config, environment), config.environmentVariable()),
                List.of(),
                List.of())
            .stream()
            .map(String::valueOf)
            .toList();
    return given.stream().findFirst().map(Path::of);
  }

  private static void refuseUnknownVariables(Map<String, String> environment) {
    List<String> known =
        QuernSettings.ALL.stream().<String>map(Setting::environmentVariable).toList();
    environment.keySet().stream()
        .filter(name -> name.startsWith(Setting.ENVIRONMENT_PREFIX) && !known.contains(name))
        .sorted()
        .findFirst()
        .ifPresent(name -> refuse(name, name + " in the environment", known));
  }

  private static void refuseUnknownKeys(Map<String, List<String>> yaml, Path file) {
    List<String> known =
        QuernSettings.ALL.stream()
            .filter(setting -> !setting.equals(QuernSettings.CONFIG))
            .<String>map(Setting::name)
            .toList();
    yaml.keySet().stream()
        .filter(name -> !known.contains(name))
        .findFirst()
        .ifPresent(name -> refuse(name, Setting.shortened(name) + " in " + file, known));
  }

  private static void refuse(String name, String source, List<String> known) {
    String wayOut =
        ValueType.nearest(name, known)
            .map(near -> "did you mean " + near + "?")
            .orElse("known are " + String.join(", ", known));
    throw QuernException.badRequest(name, source + ": no such setting; " + wayOut);
  }
}
