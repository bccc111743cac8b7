import numpy as np

x = np.random.RandomState(0).randint(0, 40, (6, 14)).astype(np.int32)
np.savez("x.npz", input_x=x, input_y=np.eye(3, dtype=np.float32)[x.min(axis=1) % 3], dropout_keep_prob=1.0)
