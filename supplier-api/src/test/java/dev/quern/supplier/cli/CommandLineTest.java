package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** From words to commands, and from errors to one line and an exit code. */
final class CommandLineTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** A command that ends as it is told. */
  private record Ending(Supplier<Integer> end) implements Command {
    @Override
    public String name() {
      return "end";
    }

    @Override
    public String words() {
      return "[NOW]";
    }

    @Override
    public String purpose() {
      return "end as told";
    }

    @Override
    public List<Setting<?>> flags() {
      return List.of(CommandOptions.JSON);
    }

    @Override
    public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
      return end.get();
    }
  }

  private int run(Supplier<Integer> end, Map<String, String> environment, String... line) {
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new BufferedReader(new StringReader("")),
            environment,
            false,
            Optional::empty);
    return new CommandLine(List.of(new Ending(end), new VersionCommand()), console)
        .run(List.of(line));
  }

  private int run(String... line) {
    return run(() -> 0, Map.of(), line);
  }

  private String error() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static Supplier<Integer> failing(ErrorCategory category) {
    return () -> {
      throw new QuernException(category, "it is so");
    };
  }

  @Test
  void eachErrorCategoryHasItsExitCodeAndOneLine() {
    Map<ErrorCategory, Integer> codes =
        Map.of(
            ErrorCategory.BAD_REQUEST, 2,
            ErrorCategory.NOT_FOUND, 3,
            ErrorCategory.OVERLOADED, 4,
            ErrorCategory.OUT_OF_MEMORY, 5,
            ErrorCategory.UNAVAILABLE, 6,
            ErrorCategory.INTERNAL, 1);
    for (ErrorCategory category : ErrorCategory.values()) {
      err.reset();
      assertEquals(codes.get(category), run(failing(category), Map.of(), "end"));
      assertEquals("quern: it is so\n", error());
    }
  }

  @Test
  void verboseShowsTheStack() {
    assertEquals(1, run(failing(ErrorCategory.INTERNAL), Map.of(), "end", "--verbose"));
    assertTrue(error().contains("at dev.quern"), error());
    err.reset();
    run(failing(ErrorCategory.INTERNAL), Map.of("QUERN_LOG", "debug"), "end");
    assertTrue(error().contains("at dev.quern"), error());
  }

  @Test
  void anUnexpectedErrorIsOneLineToo() {
    Supplier<Integer> broken =
        () -> {
          throw new IllegalStateException("broken");
        };
    assertEquals(1, run(broken, Map.of(), "end"));
    assertEquals(
        "quern: unexpected java.lang.IllegalStateException: broken; --verbose shows where\n",
        error());
  }

  @Test
  void unknownCommandsFlagsAndVariablesEndWithTwo() {
    assertEquals(2, run("edn"));
    assertEquals("quern: there is no command 'edn'; commands are end, version and help\n", error());
    err.reset();
    assertEquals(2, run("end", "--port", "1"));
    assertEquals(
        "quern: --port: no such flag here; quern help lists the flags of each command\n", error());
    err.reset();
    assertEquals(2, run(() -> 0, Map.of("QUERN_PROT", "1"), "end"));
    assertEquals(
        "quern: QUERN_PROT in the environment: no such setting; did you mean QUERN_PORT?\n",
        error());
  }

  @Test
  void helpSaysWhatACommandTakes() {
    for (String[] line : new String[][] {{"help", "end"}, {"end", "--help"}, {"end", "-h"}}) {
      out.reset();
      assertEquals(0, run(line));
      String text = out.toString(StandardCharsets.UTF_8);
      assertTrue(text.startsWith("quern end [NOW] [FLAGS]\n  end as told\n"), text);
      assertTrue(text.contains("--json"), text);
      assertTrue(text.contains("--config FILE"), text);
    }
    out.reset();
    assertEquals(0, run());
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("quern end [NOW]"));
  }

  @Test
  void versionIsThatOfTheBuild() {
    assertEquals(0, run("version"));
    String text = out.toString(StandardCharsets.UTF_8);
    assertTrue(text.matches("quern \\d+\\.\\d+\\.\\d+\\S* \\(Java .+\\)\n"), text);
    assertFalse(text.contains("${"), text);
  }
}
