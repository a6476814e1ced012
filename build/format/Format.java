import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Checks or applies google-java-format on every Java source of the project. Run by the build on the
 * toolchain's JDK: {@code java --class-path google-java-format.jar Format.java check|apply}.
 */
public final class Format {
  public static void main(String[] args) throws Exception {
    boolean apply =
        switch (args[0]) {
          case "check" -> false;
          case "apply" -> true;
          default -> throw new IllegalArgumentException("quern.format is check or apply");
        };
    List<Path> unformatted =
        sources(Path.of("")).parallelStream()
            .filter(source -> !isFormatted(source, apply))
            .toList();
    if (!apply && !unformatted.isEmpty()) {
      System.err.println("Not in google-java-format; run ./format :");
      unformatted.forEach(source -> System.err.println("  " + source));
      System.exit(1);
    }
  }

  /** Whether {@code source} was formatted; if not and {@code apply}, it is rewritten. */
  private static boolean isFormatted(Path source, boolean apply) {
    try {
      String text = Files.readString(source);
      String formatted =
          new Formatter(JavaFormatterOptions.defaultOptions())
              .formatSourceAndFixImports(RemoveUnusedImports.removeUnusedImports(text));
      if (formatted.equals(text)) {
        return true;
      }
      if (apply) {
        Files.writeString(source, formatted);
      }
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (FormatterException e) {
      throw new IllegalStateException(source + " is no Java that can be formatted", e);
    }
  }

  private static List<Path> sources(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      return paths
          .filter(path -> path.toString().endsWith(".java"))
          .filter(path -> !path.toString().contains("target/"))
          .filter(path -> !path.toString().startsWith("."))
          .sorted()
          .toList();
    }
  }
}
