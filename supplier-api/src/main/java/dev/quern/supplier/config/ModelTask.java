package dev.quern.supplier.config;

import dev.quern.engine.model.EncoderTask;

/** What a model is to do where its files do not say: the model as {@code --model} names it. */
public record ModelTask(String model, EncoderTask task) {}
