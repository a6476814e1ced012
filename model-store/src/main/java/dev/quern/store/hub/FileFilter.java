package dev.quern.store.hub;

import java.util.List;
import java.util.regex.Pattern;

/**
 * The files that a user asked for by pattern, over a path from the model's folder.
 *
 * <p>Patterns are those of {@code hf download}: {@code *} stands for any characters ({@code /}
 * among them), {@code ?} for one, {@code [ab]} and {@code [!ab]} for one of a set; a pattern that
 * ends in {@code /} means all below that folder.
 *
 * @param include a file must match one of them; empty: Quern chooses
 * @param exclude a file must match none of them
 */
public record FileFilter(List<String> include, List<String> exclude) {
  public FileFilter {
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
  }

  /** No patterns: what Quern needs to serve the model. */
  public static FileFilter none() {
    return new FileFilter(List.of(), List.of());
  }

  /** Whether a pattern asks for {@code path} by name. */
  boolean includes(String path) {
    return include.stream().anyMatch(glob -> matches(glob, path));
  }

  boolean excludes(String path) {
    return exclude.stream().anyMatch(glob -> matches(glob, path));
  }

  private static boolean matches(String glob, String path) {
    return pattern(glob.endsWith("/") ? glob + "*" : glob).matcher(path).matches();
  }

  private static Pattern pattern(String glob) {
    StringBuilder regex = new StringBuilder();
    int i = 0;
    while (i < glob.length()) {
      char c = glob.charAt(i++);
      int end = c == '[' ? setEnd(glob, i) : -1;
      if (end > 0) {
        regex.append(set(glob.substring(i, end)));
        i = end + 1;
      } else {
        regex.append(
            switch (c) {
              case '*' -> ".*";
              case '?' -> ".";
              default -> Pattern.quote(String.valueOf(c));
            });
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** Where the set that starts at {@code from} ends, or -1; a {@code ]} in front is a member. */
  private static int setEnd(String glob, int from) {
    int first = from < glob.length() && glob.charAt(from) == '!' ? from + 1 : from;
    return glob.indexOf(']', Math.min(first + 1, glob.length()));
  }

  private static String set(String members) {
    boolean not = members.startsWith("!");
    String escaped =
        (not ? members.substring(1) : members).replaceAll("([\\[\\]\\\\^&])", "\\\\$1");
    return (not ? "[^" : "[") + escaped + "]";
  }
}
