/**
 * What a person at a terminal sees: numbers in words, tables, and the progress of long transfers.
 *
 * <p>In: what worker threads report of a transfer, and a stream to write to. Out: a display that is
 * redrawn in place where the stream is a terminal, plain lines where it is not, JSON lines where a
 * program reads. This room knows no models and no HTTP.
 */
@NullMarked
package dev.quern.supplier.cli.terminal;

import org.jspecify.annotations.NullMarked;
