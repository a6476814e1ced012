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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The completion scripts, run by the shells they are for where the machine has them. */
final class CompletionTest {
  /** Notes what the completion system is given to offer; Ctrl-T says when it is through. */
  private static final String ZSH_SETUP =
      """
      PROMPT=
      autoload -Uz compinit && compinit -u -D
      source '@SCRIPT@'
      compadd() {
        local -a offered
        if (( ! ${argv[(I)-[OAD]]} )); then
          builtin compadd -O offered "$@"
          print -rl -- $offered >> '@OFFERS@'
        fi
        builtin compadd "$@"
      }
      finish() { zle -I; print finished }
      zle -N finish
      bindkey '^T' finish
      """;

  /** Its arguments: the setup, and what is typed before the Tab key. */
  private static final String ZSH_TERMINAL =
      """
      zmodload zsh/zpty
      zpty child 'zsh -f -i'
      zpty -w child "source '$1'"
      zpty -w -n child "$2"$'\\t\\x14'
      zpty -r child seen '*finished*'
      zpty -d child
      """;

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

  /** Asked as a person does: an interactive zsh on a terminal, where the Tab key is pressed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "quern ver | verify version",
        "quern completion_ | bash fish zsh",
        "quern rm --d | --dry-run",
        "quern serve --mo | --model",
        "quern serve --device_ | auto cpu",
        "quern serve --device= | auto cpu",
        "quern serve --model org/ | org/tiny",
        "quern show o | org/tiny",
        "quern pull --x | \"\"",
        "quern help pru | prune"
      })
  void zshOffersWhatFits(String typed, String offered) throws Exception {
    Files.createDirectories(folder.resolve("hub/models--org--tiny"));
    Path script = Files.writeString(folder.resolve("quern.zsh"), script("zsh"));
    Path offers = Files.createFile(folder.resolve("offers"));
    Path setup =
        Files.writeString(
            folder.resolve("setup.zsh"),
            ZSH_SETUP
                .replace("@SCRIPT@", script.toString())
                .replace("@OFFERS@", offers.toString()));
    // '_' stands for a blank at the end, which the table would lose.
    run("zsh", "-f", "-c", ZSH_TERMINAL, "zsh", setup.toString(), typed.replaceFirst("_$", " "));
    assertEquals(
        offered,
        Files.readAllLines(offers).stream()
            .filter(offer -> !offer.isEmpty())
            .sorted()
            .collect(Collectors.joining(" ")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "ver | verify version",
        "completion_ | bash fish zsh",
        "rm --d | --dry-run",
        "serve --mo | --model",
        "serve --device_ | auto cpu",
        "serve --device=a | --device=auto",
        "serve --model org/ | org/tiny",
        "show o | org/tiny",
        "pull --x | \"\"",
        "help pru | prune"
      })
  void fishOffersWhatFits(String typed, String offered) throws Exception {
    Files.createDirectories(folder.resolve("hub/models--org--tiny"));
    Path script = Files.writeString(folder.resolve("quern.fish"), script("fish"));
    String command =
        "source '%s'; complete --do-complete='quern %s' | string split -f1 \\t"
            .formatted(script, typed.replaceFirst("_$", " "));
    List<String> offers = run("fish", "-c", command + "; true").lines().sorted().toList();
    assertEquals(offered, String.join(" ", offers));
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
