/**
 * Completion of the command line by shells.
 *
 * <p>In: the commands and what each takes. Out: a script for bash, zsh or fish. The scripts look
 * into the hub's cache themselves, for names of models: starting a JVM at each key would be slow.
 */
@NullMarked
package dev.quern.supplier.cli.completion;

import org.jspecify.annotations.NullMarked;
