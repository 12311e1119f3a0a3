// Iterations before escape, summed over the points of a square grid with `size` points a side.

#define LIMIT 200

static int iterations(double cx, double cy) {
    double x = 0, y = 0;
    for (int n = 0; n < LIMIT; n++) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4) return n;
        y = 2 * x * y + cy;
        x = xx - yy + cx;
    }
    return LIMIT;
}

__attribute__((export_name("run"))) double run(int size) {
    long long sum = 0;
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
            sum += iterations(3.0 * column / size - 2.25, 3.0 * row / size - 1.5);
        }
    }
    return (double)sum;
}
