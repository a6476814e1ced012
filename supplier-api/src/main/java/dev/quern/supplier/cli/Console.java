package dev.quern.supplier.cli;

import dev.quern.supplier.cli.terminal.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a process talks to.
 *
 * @param out answers
 * @param err what the process does, and errors
 * @param in what a person types
 * @param environment the process's variables
 * @param interactive whether a person sits at both ends, so that prompts make sense
 * @param display the terminal that {@code err} leads to, if it is one; looked for when asked
 */
record Console(
    PrintStream out,
    PrintStream err,
    BufferedReader in,
    Map<String, String> environment,
    boolean interactive,
    Supplier<Optional<Terminal>> display) {
  /** Says what the process does. */
  void say(String line) {
    err.println(line);
  }

  /**
   * Asks a question that is answered with yes or no.
   *
   * @return whether the answer is yes
   */
  boolean confirms(String question) {
    err.print(question + " [y/N] ");
    err.flush();
    try {
      @Nullable String answer = in.readLine();
      return answer != null
          && List.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
