package dev.quern.engine.text.jinja;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code striptags} and {@code unescape} know of HTML: tags, and the common entities. */
final class Html {
  private static final Pattern ENTITY =
      Pattern.compile("&(?:#(\\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\\w{1,6}));");
  private static final Map<String, String> ENTITIES =
      Map.of("amp", "&", "lt", "<", "gt", ">", "quot", "\"", "apos", "'", "nbsp", "\u00a0");

  private Html() {}

  static String stripTags(String text) {
    StringBuilder kept = new StringBuilder();
    int at = 0;
    for (int start = text.indexOf('<'); start >= 0; start = text.indexOf('<', at)) {
      boolean comment = text.startsWith("<!--", start);
      int end = comment ? text.indexOf("-->", start + 4) : text.indexOf('>', start);
      if (end < 0) {
        break;
      }
      kept.append(text, at, start);
      at = end + (comment ? 3 : 1);
    }
    kept.append(text, at, text.length());
    return unescape(String.join(" ", PythonStrings.splitWords(kept.toString(), -1)));
  }

  static String unescape(String text) {
    return ENTITY.matcher(text).replaceAll(match -> Matcher.quoteReplacement(character(match)));
  }

  private static String character(java.util.regex.MatchResult match) {
    if (match.group(3) != null) {
      return ENTITIES.getOrDefault(match.group(3), match.group());
    }
    int code =
        match.group(1) != null
            ? Integer.parseInt(match.group(1))
            : Integer.parseInt(match.group(2), 16);
    return Character.isValidCodePoint(code) ? Character.toString(code) : "\ufffd";
  }
}
