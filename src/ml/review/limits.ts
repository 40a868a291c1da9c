/** What a card does not show, and why sections are missing: [English, Korean]. */
export const LIMITS = {
  'left.binary': [
    'Left out: it is of models that tell yes from no.',
    '예·아니오를 가르는 모델에만 뜻이 있어 뺐습니다.',
  ],
  'left.groups': ['The model tells no yes from no, so groups are compared by its error (see segments).', '예·아니오를 가르는 모델이 아니어서 집단은 오차로 비교했습니다(세그먼트 참고).'], // biome-ignore format: one line
  'left.ranking': ['Left out: scores of a ranking tell an order, and neither a probability nor a yes or no.', '순위 점수는 순서만 나타내고 확률이나 예·아니오가 아니므로 뺐습니다.'], // biome-ignore format: one line
  'left.orders': ['The model tells no yes from no, so these groups are compared by how well their rows are ordered (see segments).', '예·아니오를 가르는 모델이 아니어서 이 집단은 행을 얼마나 잘 순위 매기는지로 비교했습니다(세그먼트 참고).'], // biome-ignore format: one line
  'left.noGroups': ['No groups were named, so fairness was not looked at; that is no sign that the model is fair.', '집단을 지정하지 않아 공정성은 살피지 않았습니다. 공정하다는 뜻은 아닙니다.'], // biome-ignore format: one line
  'left.noCosts': ['No costs were named, so no threshold was chosen by them.', '비용을 지정하지 않아 비용에 따른 기준점은 고르지 않았습니다.'], // biome-ignore format: one line
  'left.noSegments': ['No segments were named, so a part of the rows may be served badly without showing here.', '세그먼트를 지정하지 않아 일부 행에서 성능이 나빠도 여기에는 드러나지 않습니다.'], // biome-ignore format: one line
  'left.noCurves': ['It was not learnt again with fewer rows (curves: true), so what more rows would bring is not told.', '더 적은 행으로 다시 학습하지 않아(curves: true) 행을 늘리면 나아질지 알 수 없습니다.'], // biome-ignore format: one line
  'left.parameters': ['The candidate that was chosen has none of the parameters that it was to be learnt again with.', '선택된 후보에는 다시 학습해 볼 모수가 없습니다.'], // biome-ignore format: one line
  'limits.future': ['All figures are of rows of {dataset}. Where customers, prices or habits change, the model does worse, and nothing here tells when: watch it (galley endpoints).', '모든 수치는 {dataset}의 행에서 나왔습니다. 고객, 가격, 습관이 바뀌면 성능은 떨어지고 그때가 언제인지는 여기서 알 수 없으니 운영 중에 지켜보십시오(galley endpoints).'], // biome-ignore format: one line
  'limits.sample': ['Intervals tell the chance of the sample alone: not of labels that are wrong, of rows that never came in, or of a model that is trained again.', '신뢰구간은 표본의 우연만 나타냅니다. 잘못된 라벨, 애초에 모이지 않은 행, 다시 학습한 모델의 차이는 담지 않습니다.'], // biome-ignore format: one line
  'limits.rows': ['Rows count as independent. Where several are of one person or one day, intervals are too narrow.', '행은 서로 독립이라고 봅니다. 한 사람이나 하루에서 나온 행이 여럿이면 구간이 실제보다 좁습니다.'], // biome-ignore format: one line
  'limits.orders': ['Groups count as independent, and rows within them need not be. What the model would have moved up was perhaps never shown to anybody: labels that come of clicks tell of the order that was there.', '그룹은 서로 독립이라고 보며 그룹 안의 행은 그렇지 않아도 됩니다. 클릭에서 얻은 라벨은 당시 보여 준 순서의 영향을 받으므로, 모델이 위로 올렸을 항목은 아예 보이지 않았을 수 있습니다.'], // biome-ignore format: one line
  'limits.validate': ['Validation rows chose the candidate and the threshold, so figures of “validate” are too good; those of “test” are not.', '검증 행은 후보와 기준점을 고르는 데 쓰여 “검증” 수치는 실제보다 좋게 나옵니다. “테스트” 수치는 그렇지 않습니다.'], // biome-ignore format: one line
  'limits.cause': ['What matters to the model need not cause the target: changing a feature in the world need not change the outcome.', '모델에 중요한 특징이 결과의 원인이라는 뜻은 아닙니다. 현실에서 그 값을 바꾼다고 결과가 바뀌지는 않을 수 있습니다.'], // biome-ignore format: one line
  'limits.correlated': ['Features that go together share their importance: dealing out one leaves the others to tell it. Dependence averages over rows that may not exist.', '함께 움직이는 특징은 중요도를 나눠 가집니다. 부분 의존은 실제로 없을 조합까지 평균한 값입니다.'], // biome-ignore format: one line
  'limits.fairness': ['Equal rates are no proof of fairness, and unequal ones no proof of its lack; groups that were not named were not looked at.', '비율이 같다고 공정한 것도, 다르다고 불공정한 것도 아닙니다. 지정하지 않은 집단은 살피지 않았습니다.'], // biome-ignore format: one line
  'limits.costs': [
    'Costs are as the recipe says, the same for every row, and the budget is not bounded.',
    '비용은 레시피에 적힌 값이고 모든 행에 같으며 예산의 한도는 따지지 않았습니다.',
  ],
  'limits.scaling': ['The best value of a parameter was looked for on validation rows, each value learnt once: the test metrics are of the model as it is.', '모수의 값은 검증 행에서 비교했고 값마다 한 번씩만 학습했습니다. 테스트 지표는 지금 모델의 것입니다.'], // biome-ignore format: one line
  'limits.curve': ['The learning curve keeps fits (encodings, scales) of all training rows, and each size is learnt once.', '학습 곡선은 전체 학습 행에서 맞춘 변환(인코딩, 척도)을 그대로 쓰고 크기마다 한 번씩만 학습했습니다.'], // biome-ignore format: one line
  'limits.leaks': ['Leaks are looked for feature by feature: two features that give the target away together are not found.', '누설은 특징 하나씩만 살폈습니다. 둘이 함께 목표를 드러내는 경우는 찾지 못합니다.'], // biome-ignore format: one line
  'limits.segments': ['Of many rows even a difference that is too small to matter shows as worse: look at its size. A segment that is not marked need not be as good as the rest.', '행이 많으면 중요하지 않을 만큼 작은 차이도 나쁨으로 표시되니 크기를 보십시오. 표시가 없다고 나머지만큼 좋다는 뜻도 아닙니다.'], // biome-ignore format: one line
  'limits.error': ['The calibration error is above 0 by chance alone, and resampling puts its interval somewhat too high.', '보정 오차는 우연만으로도 0보다 크고, 재표집 때문에 그 구간은 조금 높게 나옵니다.'], // biome-ignore format: one line
  'limits.stride': ['The rows are many: every {n}th row was read.', '행이 많아 {n}행마다 하나씩 읽었습니다.'],
} as const
