package dev.quern.supplier.cli;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.util.Map;

/**
 * What a process talks to.
 *
 * @param out answers
 * @param err what the process does, and errors
 * @param in what a person types
 * @param environment the process's variables
 * @param interactive whether a person sits at both ends, so that prompts make sense
 */
record Console(
    PrintStream out,
    PrintStream err,
    BufferedReader in,
    Map<String, String> environment,
    boolean interactive) {
  /** Says what the process does. */
  void say(String line) {
    err.println(line);
  }
}
