/**
 * The command line: {@code serve} and {@code run}; {@code pull}, {@code list}, {@code show}, {@code
 * rm}, {@code verify} and {@code prune} for models on disk; {@code completion}, {@code version}.
 *
 * <p>In: the process's arguments, environment, streams and signals. Out: answers on standard
 * output, everything else as plain lines on standard error, and an exit code by error category.
 * This is the only room that ends the process.
 */
@NullMarked
package dev.quern.supplier.cli;

import org.jspecify.annotations.NullMarked;
