package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quern.supplier.config.Setting;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The completion scripts, run by the shells they are for where the machine has them. */
final class CompletionTest {
  @TempDir Path folder;

  private static String script(String shell) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err,
            new BufferedReader(new StringReader("")),
            Map.of(),
            false,
            Optional::empty);
    assertEquals(0, new CommandLine(Quern.commands(), console).run(List.of("completion", shell)));
    return out.toString(StandardCharsets.UTF_8);
  }

  private String run(String shell, String... arguments) throws Exception {
    Path program =
        Stream.of("/usr/bin", "/bin", "/usr/local/bin")
            .map(place -> Path.of(place, shell))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(Path.of("absent"));
    assumeTrue(Files.isExecutable(program), shell + " is not installed");
    ProcessBuilder builder =
        new ProcessBuilder(
            Stream.concat(Stream.of(program.toString()), Stream.of(arguments)).toList());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("HF_HUB_CACHE", folder.resolve("hub").toString());
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  /** {@code ''} is the word that is being typed and has no letter yet. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "ver | verify version",
        "completion '' | bash zsh fish",
        "rm --d | --dry-run",
        "serve --device '' | auto cpu",
        "serve --model org/ | org/tiny",
        "show '' | demo org/tiny",
        "pull --x | \"\"",
        "help pru | prune"
      })
  void bashOffersWhatFits(String words, String offered) throws Exception {
    Files.createDirectories(folder.resolve("hub/models--org--tiny"));
    Path script = Files.writeString(folder.resolve("quern.bash"), script("bash"));
    // What readline does at the Tab key.
    String command =
        ("source '%s'; COMP_WORDS=(quern %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _quern;"
                + " echo \"${COMPREPLY[*]}\"")
            .formatted(script, words);
    assertEquals(offered + "\n", run("bash", "-c", command));
  }

  @Test
  void zshTakesTheScript() throws Exception {
    Path script = Files.writeString(folder.resolve("quern.zsh"), script("zsh"));
    run("zsh", "-f", "-c", "autoload -Uz compinit && compinit -u -D && source '" + script + "'");
  }

  @Test
  void fishOffersWhatFits() throws Exception {
    Files.createDirectories(folder.resolve("hub/models--org--tiny"));
    Path script = Files.writeString(folder.resolve("quern.fish"), script("fish"));
    String source = "source '" + script + "'; ";
    assertEquals("verify\nversion\n", run("fish", "-c", source + fish("ver")));
    assertTrue(run("fish", "-c", source + fish("rm org/")).contains("org/tiny"));
  }

  private static String fish(String words) {
    return "complete --do-complete='quern %s' | string split -f1 \\t".formatted(words);
  }

  /** What can be told of a script without its shell. */
  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh", "fish"})
  void everyCommandAndFlagIsInEachScript(String shell) {
    String script = script(shell);
    for (Command command : Quern.commands()) {
      assertTrue(script.contains(command.name()), command.name());
      for (Setting<?> flag : CommandLine.accepted(command)) {
        String spelled = shell.equals("fish") ? "-l " + flag.name() + " " : flag.flag();
        assertTrue(script.contains(spelled), flag.flag());
      }
    }
    assertFalse(Pattern.compile("@[A-Z]+@").matcher(script).find(), "a place was not filled");
  }
}
