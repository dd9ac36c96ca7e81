import { describe, expect, it } from '@jest/globals';
import { createRenaming } from '../../../scripts/new/words.ts';

describe('the words of a new repository', () => {
  const rename = createRenaming('tea-house');

  it.each([
    ['services/coffee-shop/coffee.ts', 'services/tea-house/sample.ts'],
    ['startCoffeeShop coffeeShop coffee_shop COFFEE_SHOP', 'startTeaHouse teaHouse tea_house TEA_HOUSE'],
    ['Coffee-shop, the coffee shop. Coffee shop', 'Tea-house, the tea house. Tea house'],
    ['CoffeeShopNobodyReady', 'TeaHouseNobodyReady'],
    ['coffee_orders_total{drink="latte"}', 'tea_house_orders_total{model="large"}'],
    ['const shop = coffee; // workshop', 'const site = sample; // workshop'],
    ["list.filter((one) => one !== 'filter')", "list.filter((one) => one !== 'simple')"],
    ['BREW_MS, brewed, brewing, ?brew=20s', 'WORK_MS, filled, working, ?work=20s'],
  ])('in %p become %p', (here, there) => {
    expect(rename(here)).toBe(there);
  });

  it('stay as they come in, whatever the name is made of', () => {
    expect(createRenaming('coffee-roaster')('coffee-shop: coffee, CoffeeShop')).toBe(
      'coffee-roaster: sample, CoffeeRoaster',
    );
    expect(createRenaming('drink$&-1')('coffee-shop')).toBe('drink$&-1');
  });
});
