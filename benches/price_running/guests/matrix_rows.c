// The same product by rows: each inner step is a store, the worst that can happen to `nan`.

#define N 300

static double a[N][N], b[N][N], c[N][N];

__attribute__((export_name("run"))) double run(int times) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 7 + j * 3) % 11 - 4.5;
            b[i][j] = (i * 5 + j * 2) % 13 * 0.25;
        }
    }
    double sum = 0;
    for (int t = 0; t < times; t++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) c[i][j] = 0;
            for (int k = 0; k < N; k++) {
                double left = a[i][k];
                for (int j = 0; j < N; j++) c[i][j] += left * b[k][j];
            }
        }
        for (int i = 0; i < N; i++) sum += c[i][i];
        a[t % N][t % N] += 1;
    }
    return sum;
}
