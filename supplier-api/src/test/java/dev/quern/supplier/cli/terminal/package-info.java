/** Tests of the displays. */
@NullMarked
package dev.quern.supplier.cli.terminal;

import org.jspecify.annotations.NullMarked;
