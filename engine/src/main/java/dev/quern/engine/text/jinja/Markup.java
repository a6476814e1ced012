package dev.quern.engine.text.jinja;

/**
 * Text marked by {@code |safe} or made by {@code |escape}: a string that escapes what is added to
 * it. Markup, not the template's output, does so: an output is never escaped.
 */
record Markup(String text) {
  /** {@code value} as markup, its HTML characters escaped unless it is markup already. */
  static Markup escape(Object value, Budget budget) {
    return value instanceof Markup markup
        ? markup
        : new Markup(escapeText(Printer.str(value, budget)));
  }

  static String escapeText(String text) {
    return text.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }
}
