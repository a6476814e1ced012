/**
 * The command line: {@code serve}, {@code run}, {@code list}, {@code show}, {@code version}.
 *
 * <p>In: the process's arguments, environment, streams and signals. Out: answers on standard
 * output, everything else as plain lines on standard error, and an exit code by error category.
 * This is the only room that ends the process.
 */
@NullMarked
package dev.quern.supplier.cli;

import org.jspecify.annotations.NullMarked;
