package dev.quern.supplier.config;

/** A public name for a model: the name clients use, and the model as {@code --model} names it. */
public record Alias(String name, String model) {}
