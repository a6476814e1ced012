/**
 * Which models are loaded where: from a checkpoint folder to a running engine with its text side,
 * and what memory it may take.
 *
 * <p>In: settings and a model folder. Out: {@link dev.quern.engine.runtime.LoadedModel}. This room
 * knows no HTTP.
 */
@NullMarked
package dev.quern.engine.runtime;

import org.jspecify.annotations.NullMarked;
