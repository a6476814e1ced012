/**
 * Settings: one table of what can be set, read from flags over {@code QUERN_...} environment
 * variables over one YAML file over defaults.
 *
 * <p>In: the command line's words and the environment. Out: typed, checked values, or one error
 * that names the source, the setting and what is accepted. The table also writes the help text and
 * the README's configuration table.
 */
@NullMarked
package dev.quern.supplier.config;

import org.jspecify.annotations.NullMarked;
