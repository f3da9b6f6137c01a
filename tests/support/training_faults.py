"""Small networks that training left broken, each in its own way, and a healthy one; by TensorFlow in a
process of its own.

Each becomes NAME.keras, NAME.tflite and NAME_int8.tflite, and NAME.npz with `row` and `label`.
"""

import trained

SCRIPT = """
import numpy as np
random = np.random.default_rng(0)
keras.utils.set_random_seed(0)
L = keras.layers
SIZE, CLASSES = 12, 6
centres = random.normal(0, 1.2, (CLASSES, SIZE))

def draw(count):
    classes = random.integers(0, CLASSES, count)
    return (centres[classes] + random.normal(0, 0.6, (count, SIZE))).astype("f"), classes

def dense(units, activation="relu", **options):
    return L.Dense(units, activation=activation, **options)

def net(*layers, out=CLASSES, last="softmax"):
    return keras.Sequential([keras.Input((SIZE,), name="row"), *layers, dense(out, last, name="out")])

def fit(model, x, y, epochs=12, rate=0.01, loss="sparse_categorical_crossentropy"):
    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x, y, epochs=epochs, batch_size=32, verbose=0)
    return model

def plain(**options):
    return fit(net(dense(24), dense(24)), x, y, **options)

def save(name, model, rows, labels):
    model.save(name + ".keras")
    np.savez(name + ".npz", row=rows, label=labels)
    def convert():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        return converter
    open(name + ".tflite", "wb").write(convert().convert())
    converter = convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None].astype("f")] for row in rows[:100])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    open(name + "_int8.tflite", "wb").write(converter.convert())

x, y = draw(1200)
tx, ty = draw(300)
healthy = plain()
save("healthy", healthy, tx, ty)
save("permuted", healthy, tx, np.random.default_rng(3).permutation(CLASSES)[ty])
save("shifted", healthy, tx, (ty + 1) % CLASSES)
save("untrained", net(dense(24), dense(24)), tx, ty)
save("hardly", plain(epochs=1, rate=2e-5), tx, ty)

dead = plain()
kernel, bias = dead.layers[1].get_weights()
dead.layers[1].set_weights([kernel, bias - 100])
save("dead", dead, tx, ty)

normed = fit(net(L.Dense(24), L.BatchNormalization(momentum=0.8), L.ReLU(), dense(24)), x, y)
normed.layers[1].beta.assign(normed.layers[1].beta - 50)
save("dead_norm", normed, tx, ty)

tiny = keras.initializers.RandomNormal(stddev=0.01)
sigmoids = [dense(16, "sigmoid", kernel_initializer=tiny) for _ in range(4)]
save("vanished", fit(net(*sigmoids), x, y, epochs=4, rate=0.001), tx, ty)

tanhs = fit(net(dense(24, "tanh"), dense(24, "tanh")), x, y)
kernel, bias = tanhs.layers[1].get_weights()
tanhs.layers[1].set_weights([kernel, bias + 30 * np.sign(bias)])
save("saturated", tanhs, tx, ty)

noise = np.random.default_rng(1).normal(0, 1, (1500, SIZE)).astype("f")
rare = (np.random.default_rng(2).random(1500) < 0.1).astype(int)
prior = fit(net(dense(8), L.Dropout(0.5), out=2), noise[:1200], rare[:1200], epochs=6, rate=0.003)
save("prior", prior, noise[1200:], rare[1200:])

slow = net(L.Dense(24), L.BatchNormalization(momentum=0.999), L.ReLU(),
           L.Dense(24), L.BatchNormalization(momentum=0.999), L.ReLU())
far = np.linspace(-30, 30, SIZE).astype("f")
save("norms", fit(slow, 5 * x + far, y, epochs=5), 5 * tx + far, ty)

relu = fit(net(dense(24), out=1, last="relu"), x, -5 - np.abs(x[:, :1]), epochs=3, loss="mse")
save("negative", relu, tx, (-5 - np.abs(tx[:, :1])).astype("f"))

nan = plain(epochs=2)
kernel, bias = nan.layers[1].get_weights()
kernel[0, 0] = np.nan
nan.layers[1].set_weights([kernel, bias])
nan.save("nan.keras")
np.savez("nan.npz", row=tx, label=ty)
open("nan.tflite", "wb").write(tf.lite.TFLiteConverter.from_keras_model(nan).convert())

save("head", fit(net(dense(8), out=1), x, (y > 2).astype("f"), epochs=2, loss="mse"), tx, (ty > 2) * 1)

save("untrained_small", net(dense(24)), tx, ty)
save("one_softmax", fit(net(dense(8), out=1), x, (y > 2).astype("f"), epochs=2, loss="mse"), tx, ty)
save("constant", healthy, tx, ty)
np.savez("constant.npz", row=np.repeat(tx[:1], len(tx), 0), label=ty)
noisy = fit(net(dense(24), dense(24)), x, np.random.default_rng(4).permutation(y), epochs=30)
save("noisy", noisy, tx, ty)

to_pixels = lambda rows: np.rint(255 * np.clip((rows + 6) / 12, 0, 1)).astype("f")
save("raw", fit(net(dense(24), dense(24)), to_pixels(x) / 255, y, epochs=40), to_pixels(tx) / 255, ty)
np.savez("raw.npz", row=to_pixels(tx), label=ty)

normal = fit(net(L.Dense(24), L.BatchNormalization(momentum=0.8), L.ReLU(), dense(24)), x, y)
given = made = keras.Input((SIZE,), name="row")
for layer in normal.layers:
    if isinstance(layer, L.BatchNormalization):
        gamma, beta = (np.array(w) for w in layer.get_weights()[:2])
        centred = made - keras.ops.mean(made, 0, keepdims=True)
        spread = keras.ops.mean(keras.ops.square(centred), 0, keepdims=True) + layer.epsilon
        made = L.Rescaling(gamma.tolist(), beta.tolist())(centred * keras.ops.rsqrt(spread))
    else:
        made = layer(made)
save("train_mode", keras.Model(given, made), tx, ty)

flip = np.random.default_rng(5).random(1500) < 0.38
two, ttwo = (y > 2) ^ flip[:1200], (ty > 2) ^ flip[1200:]
save("hard", fit(net(dense(12), out=2), x, two * 1, epochs=4), tx, ttwo * 1)

scales = (10.0 ** np.linspace(-2, 4, SIZE)).astype("f")
save("unscaled", healthy, tx, ty)
np.savez("unscaled.npz", row=(tx + 9) * scales, label=ty)

steady = fit(net(dense(24), out=1, last=None), x, 0.1 * x[:, 0] + 20, epochs=40, loss="mse")
save("steady", steady, tx, (0.1 * tx[:, :1] + 20).astype("f"))
sure = plain(epochs=80)
save("sure", sure, tx, ty)
few = np.concatenate([np.flatnonzero(ty == 0), np.flatnonzero(ty != 0)[:12]])
save("imbalanced", healthy, tx[few], ty[few])
save("one_class", healthy, tx[ty == 0], ty[ty == 0])
save("linear", fit(net(), x, y, epochs=20), tx, ty)

part = plain()
kernel, bias = part.layers[1].get_weights()
weak = np.argsort(np.abs(part.layers[2].get_weights()[0]).sum(axis=1))[:8]
part.layers[1].set_weights([kernel, bias - 100 * np.isin(np.arange(24), weak)])
save("third_dead", part, tx, ty)
"""


def make(folder):
    """Train all of them into a folder; about half a minute."""
    trained.script(folder, SCRIPT)
