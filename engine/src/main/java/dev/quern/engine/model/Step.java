package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.KvCache;

/** What every layer of one step needs. */
record Step(Backend backend, DeviceBatch batch, KvCache cache) {}
