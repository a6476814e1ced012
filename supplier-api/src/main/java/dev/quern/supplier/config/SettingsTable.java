package dev.quern.supplier.config;

import java.util.List;

/** The table of settings as text: for help and for the README. */
public final class SettingsTable {
  private SettingsTable() {}

  /** Lines for a terminal: flag, default and sentence of each setting. */
  public static String help(List<Setting<?>> settings) {
    int width = settings.stream().mapToInt(setting -> usage(setting).length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (Setting<?> setting : settings) {
      text.append("  ")
          .append(usage(setting))
          .repeat(' ', width - usage(setting).length() + 2)
          .append(plain(setting.doc()))
          .append(" (")
          .append(plain(setting.defaultDoc()))
          .append(")\n");
    }
    return text.toString();
  }

  /** A Markdown table of all settings. */
  public static String markdown() {
    StringBuilder text =
        new StringBuilder(
            "| flag and YAML key | environment | default | meaning |\n|---|---|---|---|\n");
    for (Setting<?> setting : QuernSettings.ALL) {
      text.append("| `")
          .append(usage(setting).replace("|", "\\|"))
          .append("` | `")
          .append(setting.environmentVariable())
          .append("` | ")
          .append(setting.defaultText() == null ? setting.defaultDoc() : code(setting))
          .append(" | ")
          .append(setting.doc())
          .append(" |\n");
    }
    return text.toString();
  }

  private static String code(Setting<?> setting) {
    return '`' + setting.defaultDoc() + '`';
  }

  private static String usage(Setting<?> setting) {
    return setting.isSwitch()
        ? setting.flag()
        : setting.flag() + " " + setting.type().placeholder();
  }

  private static String plain(String markdown) {
    return markdown.replace("`", "");
  }
}
