"""Files of every kind, damaged on purpose by the thousand: what is refused, what loads, and what it then is.

make fuzz                            everything, 10,000 mutations; the figures go to benchmarks/results/fuzz.json
cd tests && python -m fuzz mutations 500 --seed 3        one measure, by its name
"""
