//! Numbers that look random and follow from a seed (`SplitMix64`).

/// A source of such numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The source of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from `first` to `last`, both included.
    pub(crate) fn within(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True in so many cases of a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of some.
    pub(crate) fn pick<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.index(some.len())]
    }

    /// One of some, if there are any.
    pub(crate) fn any<T: Copy>(&mut self, some: &[T]) -> Option<T> {
        if some.is_empty() { None } else { Some(self.pick(some)) }
    }

    /// One of some, each as often as its weight says.
    pub(crate) fn weighed<T: Copy>(&mut self, some: &[(u64, T)]) -> T {
        let mut at = self.below(some.iter().map(|(weight, _)| weight).sum());
        for (weight, thing) in some {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *thing,
            }
        }
        unreachable!("below the sum")
    }

    /// Puts some into another order.
    pub(crate) fn shuffle<T>(&mut self, some: &mut [T]) {
        for last in (1..some.len()).rev() {
            let other = self.index(last + 1);
            some.swap(last, other);
        }
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("an index")
    }
}

/// A number that follows from others.
pub(crate) fn mix(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x6D75_6C74_6565, |seed, number| Dice::new(seed ^ number.rotate_left(17)).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_the_same_numbers_again() {
        let numbers = |seed| {
            let mut dice = Dice::new(seed);
            [dice.next(), dice.within(3, 9), dice.below(7)]
        };
        assert_eq!(numbers(5), numbers(5));
        assert_ne!(numbers(5), numbers(6));
    }

    #[test]
    fn weights_are_kept_and_nothing_is_lost_by_shuffling() {
        let mut dice = Dice::new(1);
        assert!((0..100).all(|_| dice.weighed(&[(0, 'a'), (3, 'b'), (0, 'c')]) == 'b'));
        let mut some = [1, 2, 3, 4, 5];
        dice.shuffle(&mut some);
        some.sort_unstable();
        assert_eq!(some, [1, 2, 3, 4, 5]);
    }
}
