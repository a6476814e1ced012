/**
 * The supplier: what a gateway or a client talks to.
 *
 * <p>In: settings and loaded models. Out: HTTP answers, metrics and the command line. Sub-packages:
 * {@code http} (routes), {@code config} (flags, environment, YAML), {@code cli} (commands).
 */
@NullMarked
package dev.quern.supplier;

import org.jspecify.annotations.NullMarked;
